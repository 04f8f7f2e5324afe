//! What there is to do where no conversation is open.

use yew::prelude::*;

use super::dialogs::{FoundRoomsList, invitations};
use crate::{intent::Intent, store::Store};

/// What there is to do where no conversation is open.
pub fn welcome(store: &Store, intents: &Callback<Intent>) -> Html {
    html! {
        <main class="conversation welcome" aria-label="Welcome">
            <div class="welcome-card">
                <h2>{ "Find your people" }</h2>
                <p class="lead">
                    { "Rooms are open conversations; join one, make one, or write to somebody directly." }
                </p>
                { invitations(&store.invitations, &store.people, intents) }
                if store.is_known {
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
