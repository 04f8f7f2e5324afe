//! The whole page as a function of the store.

use ic_ws_yew::Env;
use yew::prelude::*;

use super::{entrance::Entrance, notes::Notes, workspace::Workspace};
use crate::{
    shared::Shared,
    store::{Account, Connection, Store, images::Images},
};

/// Properties of [`Page`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub store: Store,
    /// The network.
    pub env: Env,
    /// The name that was used last in this browser.
    pub last_name: String,
}

/// The whole page: the entrance, or the chat for who is inside.
#[component]
pub fn Page(props: &Props) -> Html {
    let store = &props.store;
    let is_waiting = match store.account {
        Account::Unknown => true,
        Account::SignedIn => !store.is_known && !matches!(store.connection, Connection::Closed(_)),
        _ => false,
    };
    html! {
        <ContextProvider<Shared<Images>> context={store.images.clone()}>
            if store.is_inside() {
                <Workspace store={store.clone()} env={props.env.clone()} />
            } else if is_waiting {
                <p class="loading" role="status">{ "One moment…" }</p>
            } else {
                <Entrance
                    last_name={props.last_name.clone()}
                    account={store.account.clone()}
                    refused={store.name_refused.clone()}
                />
            }
            <Notes notes={store.notes.clone()} />
        </ContextProvider<Shared<Images>>>
    }
}
