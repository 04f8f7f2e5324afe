//! How the connection stands: always visible, with a reason and a way out when it is closed.

use yew::prelude::*;

use crate::{
    intent::Intent,
    store::{
        Connection, Store,
        view::{Open, Panel},
    },
};

/// How the connection stands.
pub fn connection_state(store: &Store, intents: &Callback<Intent>) -> Html {
    let (state, words) = match &store.connection {
        Connection::None | Connection::Connecting => ("connecting", "Connecting…"),
        Connection::Open if store.is_live() => ("open", "Connected"),
        Connection::Open => ("open", "Catching up…"),
        Connection::Reconnecting(_) => ("reconnecting", "Reconnecting…"),
        Connection::Closed(_) => ("closed", "Disconnected"),
    };
    let reason = match &store.connection {
        Connection::Reconnecting(reason) | Connection::Closed(reason) => Some(reason.clone()),
        _ => None,
    };
    let open = intents.reform(|_: MouseEvent| Intent::Open(Open::Panel(Panel::Connection)));
    let reconnect = intents.reform(|_: MouseEvent| Intent::Reconnect);
    html! {
        <div id="connection" class="connection" data-state={state}>
            <button type="button" class="quiet connection-words" title={reason} onclick={open}>
                <span class="lamp" aria-hidden="true" />
                <span role="status">{ words }</span>
            </button>
            if let Connection::Closed(_) = &store.connection {
                <button type="button" id="reconnect-button" onclick={reconnect}>
                    { "Reconnect" }
                </button>
            }
        </div>
    }
}
