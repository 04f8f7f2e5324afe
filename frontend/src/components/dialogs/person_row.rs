//! One of several people in a dialog.

use chat_api::Person;
use yew::prelude::*;

use crate::components::{
    Avatar,
    names::{fingerprint, namesake_badge},
};

/// One of several people, with a button that does something about them.
pub fn person_row(
    person: &Person,
    has_namesake: bool,
    action: &str,
    onclick: Callback<MouseEvent>,
) -> Html {
    let id = person.id;
    html! {
        <li key={id.to_text()} class="found-row">
            <Avatar person={person.clone()} {id} />
            <span class="found-words">
                <strong><bdi>{ &person.name }</bdi></strong>
                <span>{ namesake_badge(has_namesake) }{ " " }{ fingerprint(id) }</span>
            </span>
            <button type="button" aria-label={format!("{action} {}", person.name)} {onclick}>
                { action }
            </button>
        </li>
    }
}
