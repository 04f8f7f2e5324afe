//! The way in: choosing a display name.

use crate::intent::Intent;
use chat_api::MAX_NAME_CHARS;
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
    let name = use_state_eq(|| props.last_name.to_string());
    let problem = problem(&name);
    let oninput = {
        let name = name.clone();
        Callback::from(move |event: InputEvent| {
            let input: web_sys::HtmlInputElement = event.target_unchecked_into();
            name.set(input.value());
        })
    };
    let onsubmit = {
        let name = name.trim().to_owned();
        let ready = problem.is_none() && !name.is_empty();
        let on_intent = props.on_intent.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if ready {
                on_intent.emit(Intent::Enter(name.clone()));
            }
        })
    };
    let problem = problem.or_else(|| props.refused.clone());
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
                        id="name-input"
                        type="text"
                        autocomplete="nickname"
                        autofocus=true
                        required=true
                        placeholder="Your name"
                        value={(*name).clone()}
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

fn problem(name: &str) -> Option<String> {
    let chars = name.trim().chars().count();
    if chars == 0 && !name.is_empty() {
        return Some("A name needs more than blanks.".to_owned());
    }
    (chars > MAX_NAME_CHARS)
        .then(|| format!("A name has at most {MAX_NAME_CHARS} characters; this one has {chars}."))
}
