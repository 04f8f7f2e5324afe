//! The way in: choosing a display name, and signing in or staying a guest.

use crate::intent::Intent;
use crate::store::Account;
use chat_api::MAX_NAME_CHARS;
use thiserror::Error;
use web_sys::HtmlInputElement;
use yew::TargetCast;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub last_name: AttrValue,
    pub account: Account,
    pub refused: Option<String>,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn Entrance(props: &Props) -> Html {
    // The field itself is the truth about the name; the state only follows what is wrong with it.
    let field = use_node_ref();
    let flaw = use_state_eq(|| None);
    {
        let (field, last_name) = (field.clone(), props.last_name.clone());
        use_effect_with((), move |()| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                field.set_value(&last_name);
            }
        });
    }
    let oninput = {
        let flaw = flaw.clone();
        Callback::from(move |event: InputEvent| {
            let typed = event.target_unchecked_into::<HtmlInputElement>().value();
            flaw.set(valid_name(&typed).err().filter(|_| !typed.is_empty()));
        })
    };
    // With the name, if it is one.
    let wanted = |intent: fn(String) -> Intent| {
        let (field, flaw) = (field.clone(), flaw.clone());
        props.on_intent.filter_reform(move |()| {
            let typed = field.cast::<HtmlInputElement>()?.value();
            valid_name(&typed)
                .map_err(|why| flaw.set(Some(why)))
                .ok()
                .map(intent)
        })
    };
    let signed_in = props.account == Account::SignedIn;
    let submit = wanted(if signed_in {
        Intent::Enter
    } else {
        Intent::SignIn
    });
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        submit.emit(());
    });
    let enter = wanted(Intent::Enter);
    let on_guest = Callback::from(move |_: MouseEvent| {
        enter.emit(());
    });
    let problem = flaw
        .as_ref()
        .map(NameError::to_string)
        .or_else(|| props.refused.clone());
    html! {
        <main class="entrance">
            <form class="entrance-card" novalidate=true {onsubmit}>
                <h2>{ "Come in, take a seat" }</h2>
                <p>
                    { "One open room on the Internet Computer. Every message you see was checked \
                       against the network’s signature before it was shown." }
                </p>
                <label for="name-input">{ "What should people call you?" }</label>
                <input
                    ref={field}
                    id="name-input"
                    type="text"
                    autocomplete="nickname"
                    autofocus=true
                    required=true
                    placeholder="Your name"
                    aria-invalid={problem.is_some().then_some("true")}
                    aria-describedby="name-problem"
                    {oninput}
                />
                <p id="name-problem" class="problem" role="alert">{ problem }</p>
                { match &props.account {
                    Account::Unknown => Html::default(),
                    Account::Guest { problem } => not_signed_in(problem.as_deref(), on_guest),
                    Account::SigningIn => signing_in(&props.on_intent),
                    Account::SignedIn => already_signed_in(&props.on_intent),
                } }
            </form>
        </main>
    }
}

fn not_signed_in(problem: Option<&str>, on_guest: Callback<MouseEvent>) -> Html {
    html! {
        <>
            <p id="sign-in-problem" class="problem" role="alert">{ problem }</p>
            <button id="sign-in-button" type="submit" class="primary">
                { "Sign in with Internet Identity" }
            </button>
            <button id="join-button" type="button" onclick={on_guest} aria-describedby="guest-note">
                { "Continue as a guest" }
            </button>
            <p id="guest-note" class="fine">
                { "Signed in, you are the same person on every visit. A guest’s key is made fresh \
                   in this tab: it survives a reload, and is gone when you close the tab." }
            </p>
        </>
    }
}

fn signing_in(on_intent: &Callback<Intent>) -> Html {
    let cancel = on_intent.reform(|_: MouseEvent| Intent::CancelSignIn);
    html! {
        <>
            <p id="signing-in" class="waiting" role="status">
                { "Go on in the window that has opened…" }
            </p>
            <button id="cancel-sign-in-button" type="button" onclick={cancel}>{ "Cancel" }</button>
        </>
    }
}

fn already_signed_in(on_intent: &Callback<Intent>) -> Html {
    let sign_out = on_intent.reform(|_: MouseEvent| Intent::SignOut);
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

/// Why something typed cannot be a name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
enum NameError {
    #[error("Choose a name first.")]
    Blank,
    #[error("A name has at most {MAX_NAME_CHARS} characters; this one has {0}.")]
    TooLong(usize),
}

/// The name as others will see it.
fn valid_name(typed: &str) -> Result<String, NameError> {
    let name = typed.trim();
    match name.chars().count() {
        0 => Err(NameError::Blank),
        1..=MAX_NAME_CHARS => Ok(name.to_owned()),
        chars => Err(NameError::TooLong(chars)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_neither_blank_nor_too_long() {
        assert_eq!(valid_name(" Ada "), Ok("Ada".to_owned()));
        assert_eq!(valid_name(" \t"), Err(NameError::Blank));
        let longest = "é".repeat(MAX_NAME_CHARS);
        assert_eq!(valid_name(&longest), Ok(longest.clone()));
        assert_eq!(
            valid_name(&format!("{longest}!")),
            Err(NameError::TooLong(MAX_NAME_CHARS + 1))
        );
    }
}
