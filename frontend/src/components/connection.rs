//! How the connection stands: always visible, with a reason and a way out when it is closed.

use crate::intent::Intent;
use crate::store::Connection;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub state: Connection,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn ConnectionState(props: &Props) -> Html {
    let reconnect = props.on_intent.reform(|_: MouseEvent| Intent::Reconnect);
    let (state, words) = match &props.state {
        Connection::Connecting => ("connecting", "Connecting…"),
        Connection::Open => ("open", "Connected"),
        Connection::Reconnecting(_) => ("reconnecting", "Reconnecting…"),
        Connection::Closed(_) => ("closed", "Connection closed"),
    };
    html! {
        <div id="connection" class="connection" data-state={state} role="status">
            <span class="lamp" aria-hidden="true" />
            <span class="connection-words">{ words }</span>
            if let Connection::Reconnecting(reason) | Connection::Closed(reason) = &props.state {
                <span class="connection-reason">{ reason }</span>
            }
            if let Connection::Closed(_) = &props.state {
                <button type="button" id="reconnect-button" onclick={reconnect}>
                    { "Reconnect" }
                </button>
            }
        </div>
    }
}
