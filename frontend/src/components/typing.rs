//! Who is writing.

use yew::prelude::*;

use crate::words;

/// How many are named.
const NAMED: usize = 3;

/// Who is writing, by their names.
pub fn typing_line(mut names: Vec<String>) -> Html {
    let verb = if names.len() == 1 { "is" } else { "are" };
    let others = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if others > 0 {
        names.push(words::count(others as u64, "other", "others"));
    }
    html! {
        <p class="typing" aria-live="polite">
            if !names.is_empty() {
                <span class="typing-dots" aria-hidden="true"><i /><i /><i /></span>
                <bdi>{ format!("{} {verb} typing…", words::list(&names)) }</bdi>
            }
        </p>
    }
}
