//! The way in: choosing a display name.

use crate::intent::Intent;
use chat_api::MAX_NAME_CHARS;
use thiserror::Error;
use web_sys::HtmlInputElement;
use yew::TargetCast;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub last_name: AttrValue,
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
    let enter = {
        let (field, flaw) = (field.clone(), flaw.clone());
        props.on_intent.filter_reform(move |()| {
            let typed = field.cast::<HtmlInputElement>()?.value();
            valid_name(&typed)
                .map_err(|why| flaw.set(Some(why)))
                .ok()
                .map(Intent::Enter)
        })
    };
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        enter.emit(());
    });
    let problem = flaw
        .as_ref()
        .map(NameError::to_string)
        .or_else(|| props.refused.clone());
    html! {
        <main class="entrance">
            <form class="entrance-card" {onsubmit}>
                <h2>{ "Come in, take a seat" }</h2>
                <p>
                    { "One open room on the Internet Computer. Every message you see was checked \
                       against the network’s signature before it was shown." }
                </p>
                <label for="name-input">{ "What should people call you?" }</label>
                <div class="entrance-row">
                    <input
                        ref={field}
                        id="name-input"
                        type="text"
                        autocomplete="nickname"
                        autofocus=true
                        required=true
                        placeholder="Your name"
                        aria-invalid={problem.is_some().then_some("true")}
                        aria-describedby="name-problem guest-note"
                        {oninput}
                    />
                    <button id="join-button" type="submit" class="primary">{ "Enter" }</button>
                </div>
                <p id="name-problem" class="problem" role="alert">{ problem }</p>
                <p id="guest-note" class="fine">
                    <span class="badge">{ "temporary guest" }</span>
                    { " Your key is made fresh in this tab. It survives a reload, and is gone \
                       when you close the tab." }
                </p>
            </form>
        </main>
    }
}

/// Why something typed cannot be a name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
enum NameError {
    #[error("A name needs more than blanks.")]
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
