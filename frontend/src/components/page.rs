//! The whole page as a function of the store.

use ic_ws_yew::Env;
use yew::prelude::*;

use super::{entrance::Entrance, notes::notes, workspace::Workspace};
use crate::{
    shared::Shared,
    store::{Account, Connection, Store, images::Images},
};

/// The whole page: the entrance, or the chat for who is inside. `last_name` is the name that was used last in this browser.
pub fn page(store: &Store, env: &Env, last_name: &str) -> Html {
    let is_waiting = match store.account {
        Account::Unknown => true,
        Account::SignedIn => !store.is_known && !matches!(store.connection, Connection::Closed(_)),
        _ => false,
    };
    html! {
        <ContextProvider<Shared<Images>> context={store.images.clone()}>
            if store.is_inside() {
                <Workspace store={store.clone()} env={env.clone()} />
            } else if is_waiting {
                <p class="loading" role="status">{ "One moment…" }</p>
            } else {
                <Entrance
                    last_name={last_name.to_owned()}
                    account={store.account.clone()}
                    refused={store.name_refused.clone()}
                />
            }
            { notes(&store.notes) }
        </ContextProvider<Shared<Images>>>
    }
}
