//! Who is writing.

use yew::prelude::*;

use crate::words;

/// How many are named.
const NAMED: usize = 3;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub names: Vec<String>,
}

#[component]
pub fn TypingLine(props: &Props) -> Html {
    let mut names: Vec<_> = props.names.iter().take(NAMED).cloned().collect();
    let others = props.names.len() - names.len();
    if others > 0 {
        names.push(words::count(others as u64, "other", "others"));
    }
    let verb = if props.names.len() == 1 { "is" } else { "are" };
    html! {
        <p class="typing" aria-live="polite">
            if !names.is_empty() {
                <span class="typing-dots" aria-hidden="true"><i /><i /><i /></span>
                <bdi>{ format!("{} {verb} typing…", words::list(&names)) }</bdi>
            }
        </p>
    }
}
