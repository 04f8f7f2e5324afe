//! How the connection stands: always visible, with a reason and a way out when it is closed.

use yew::prelude::*;

use crate::{
    intent::{Intent, use_intents},
    store::{
        Connection,
        view::{Open, Panel},
    },
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub state: Connection,
    pub is_live: bool,
}

#[component]
pub fn ConnectionState(props: &Props) -> Html {
    let intents = use_intents();
    let (state, words) = match &props.state {
        Connection::None | Connection::Connecting => ("connecting", "Connecting…"),
        Connection::Open if props.is_live => ("open", "Connected"),
        Connection::Open => ("open", "Catching up…"),
        Connection::Reconnecting(_) => ("reconnecting", "Reconnecting…"),
        Connection::Closed(_) => ("closed", "Disconnected"),
    };
    let reason = match &props.state {
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
            if let Connection::Closed(_) = &props.state {
                <button type="button" id="reconnect-button" onclick={reconnect}>
                    { "Reconnect" }
                </button>
            }
        </div>
    }
}
