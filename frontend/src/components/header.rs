//! The top of the page: where one is, as whom, and how the connection stands.

use super::connection::ConnectionState;
use crate::intent::Intent;
use crate::store::{Account, Connection};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub connection: Connection,
    pub name: Option<String>,
    pub account: Account,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn Header(props: &Props) -> Html {
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
                    { way_out(props) }
                </div>
            }
        </header>
    }
}

fn way_out(props: &Props) -> Html {
    let button = |id: &'static str, words: &str, intent: Intent| {
        let onclick = props.on_intent.reform(move |_: MouseEvent| intent.clone());
        html! { <button type="button" {id} class="quiet" {onclick}>{ words }</button> }
    };
    match props.account {
        Account::Unknown => Html::default(),
        Account::SignedIn => button("sign-out-button", "Sign out", Intent::SignOut),
        Account::Guest { .. } | Account::SigningIn => html! {
            <>
                <span
                    class="badge"
                    title="Your key lives in this tab only and is gone when you close it."
                >
                    { "guest" }
                </span>
                { button("leave-button", "Leave", Intent::Leave) }
            </>
        },
    }
}
