//! What people see when the page does not know its network.

use crate::env::{BACKEND, EnvError, GATEWAYS};
use yew::prelude::*;

/// Properties of [`SetupError`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is missing or wrong.
    pub error: EnvError,
}

/// Says what is missing or wrong, and who can mend it.
#[component]
pub fn SetupError(props: &Props) -> Html {
    html! {
        <main class="entrance">
            <div class="entrance-card" id="setup-error" role="alert">
                <h1>{ "This page does not know its network" }</h1>
                <p>{ format!("It cannot connect, because {}.", props.error) }</p>
                <p class="fine">
                    { "If you run this site: the frontend canister sends the page its \
                       environment variables in a cookie. Set " }
                    <code>{ BACKEND }</code>
                    { " to the id of the canister behind this page, and " }
                    <code>{ GATEWAYS }</code>
                    { " to the addresses of the gateways, with commas between. If you opened \
                       the files yourself, open the address that " }
                    <code>{ "scripts/start" }</code>
                    { " prints. Cookies must be allowed for this site." }
                </p>
            </div>
        </main>
    }
}
