//! What people see when the page does not know its network.

use crate::env::EnvError;
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
        <div class="page at-entrance">
            <main class="entrance">
                <div class="entrance-card" id="setup-error" role="alert">
                    <h2>{ "This page does not know its network" }</h2>
                    <p>{ format!("It cannot connect, because {}.", props.error) }</p>
                    <p class="fine">
                        { "The asset canister tells the page where its network is, by a cookie. \
                           If you run this site, deploy it again; if you opened the files \
                           yourself, open the address that " }
                        <code>{ "scripts/start" }</code>
                        { " prints. Cookies must be allowed for this site." }
                    </p>
                </div>
            </main>
        </div>
    }
}
