//! The top of the page: where one is, as whom, and how the connection stands.

use super::connection::ConnectionState;
use crate::intent::Intent;
use crate::store::Connection;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub connection: Connection,
    pub name: Option<String>,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn Header(props: &Props) -> Html {
    let leave = props.on_intent.reform(|_: MouseEvent| Intent::Leave);
    html! {
        <header class="header">
            <h1 class="brand">
                <img src="icon.svg" alt="" width="28" height="28" />
                <span>{ "Commons" }</span>
            </h1>
            <ConnectionState state={props.connection.clone()} on_intent={&props.on_intent} />
            if let Some(name) = &props.name {
                <div class="identity">
                    <span class="identity-name" id="own-name">{ name }</span>
                    <span
                        class="badge"
                        title="Your key lives in this tab only and is gone when you close it."
                    >
                        { "guest" }
                    </span>
                    <button type="button" id="leave-button" class="quiet" onclick={leave}>
                        { "Leave" }
                    </button>
                </div>
            }
        </header>
    }
}
