//! The way in: signing in, or staying a guest, under a name.

use yew::prelude::*;

use super::fields::{TextField, valid_name};
use crate::{
    intent::{Intent, use_intents},
    store::Account,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub last_name: String,
    pub account: Account,
    pub refused: Option<String>,
}

#[component]
pub fn Entrance(props: &Props) -> Html {
    let intents = use_intents();
    let name = use_state_eq(|| props.last_name.clone());
    let flaw = use_state_eq(|| None::<String>);
    let on_change = {
        let (name, flaw) = (name.clone(), flaw.clone());
        Callback::from(move |typed: String| {
            let problem = valid_name(&typed).err().filter(|_| !typed.is_empty());
            flaw.set(problem.map(|problem| problem.to_string()));
            name.set(typed);
        })
    };
    let signed_in = props.account == Account::SignedIn;
    let enter = {
        let (intents, name, flaw) = (intents.clone(), name.clone(), flaw.clone());
        Callback::from(move |()| match valid_name(&name) {
            Ok(name) => intents.emit(Intent::Enter(name)),
            Err(problem) => flaw.set(Some(problem.to_string())),
        })
    };
    let onsubmit = {
        let (intents, name, enter) = (intents.clone(), name.clone(), enter.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match signed_in {
                true => enter.emit(()),
                // Whoever has been here before needs no name.
                false => intents.emit(Intent::SignIn(valid_name(&name).ok())),
            }
        })
    };
    let problem = (*flaw).clone().or_else(|| props.refused.clone());
    html! {
        <main class="entrance">
            <form class="entrance-card" novalidate=true {onsubmit}>
                <h1 class="brand">
                    <img src="icon.svg" alt="" width="40" height="40" />
                    { "Commons" }
                </h1>
                <p class="lead">
                    { "Conversations that live on the Internet Computer. Every message you see was checked \
                       against the network’s signature before it was shown." }
                </p>
                <TextField
                    id="name-input"
                    label="What should people call you?"
                    placeholder="Your name"
                    autocomplete="nickname"
                    autofocus=true
                    value={(*name).clone()}
                    {problem}
                    {on_change}
                />
                { match &props.account {
                    Account::Nobody { problem } => not_signed_in(problem.as_deref(), enter),
                    Account::SigningIn => signing_in(&intents),
                    Account::SignedIn => already_signed_in(&intents),
                    Account::Unknown | Account::Guest => html! {
                        <button id="join-button" type="button" class="primary" onclick={enter.reform(|_: MouseEvent| ())}>
                            { "Enter" }
                        </button>
                    },
                } }
            </form>
        </main>
    }
}

fn not_signed_in(problem: Option<&str>, enter: Callback<()>) -> Html {
    html! {
        <>
            <p id="sign-in-problem" class="problem" role="alert">{ problem }</p>
            <button id="sign-in-button" type="submit" class="primary">
                { "Sign in with Internet Identity" }
            </button>
            <button
                id="join-button"
                type="button"
                onclick={enter.reform(|_: MouseEvent| ())}
                aria-describedby="guest-note"
            >
                { "Continue as a guest" }
            </button>
            <p id="guest-note" class="fine">
                { "Signed in, you are the same person on every visit and device. A guest’s key is made fresh \
                   in this tab: it survives a reload, and is gone when you close the tab." }
            </p>
        </>
    }
}

fn signing_in(intents: &Callback<Intent>) -> Html {
    let cancel = intents.reform(|_: MouseEvent| Intent::CancelSignIn);
    html! {
        <>
            <p id="signing-in" role="status">
                { "Go on in the window that has opened…" }
            </p>
            <button id="cancel-sign-in-button" type="button" onclick={cancel}>{ "Cancel" }</button>
        </>
    }
}

fn already_signed_in(intents: &Callback<Intent>) -> Html {
    let sign_out = intents.reform(|_: MouseEvent| Intent::SignOut);
    html! {
        <>
            <button id="join-button" type="submit" class="primary">{ "Enter" }</button>
            <p class="fine">
                { "You are signed in with Internet Identity. " }
                <button id="sign-out-button" type="button" class="link" onclick={sign_out}>
                    { "Sign out" }
                </button>
            </p>
        </>
    }
}
