//! What there is to do where no conversation is open.

use chat_api::Invitation;
use yew::prelude::*;

use super::dialogs::{FoundRoomsList, Invitations};
use crate::shared::Shared;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub is_known: bool,
    pub invitations: Shared<Vec<Invitation>>,
}

#[component]
pub fn Welcome(props: &Props) -> Html {
    html! {
        <main class="conversation welcome" aria-label="Welcome">
            <div class="welcome-card">
                <h2>{ "Find your people" }</h2>
                <p class="lead">
                    { "Rooms are open conversations; join one, make one, or write to somebody directly." }
                </p>
                <Invitations invitations={props.invitations.clone()} />
                if props.is_known {
                    <FoundRoomsList />
                } else {
                    <p class="fine" role="status">{ "Loading…" }</p>
                }
                <p class="fine keys-hint">
                    <kbd>{ "Ctrl" }</kbd>{ " + " }<kbd>{ "/" }</kbd>{ " shows what the keys do." }
                </p>
            </div>
        </main>
    }
}
