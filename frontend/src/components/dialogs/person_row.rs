//! One of several people in a dialog.

use chat_api::Person;
use yew::prelude::*;

use crate::{components::Avatar, words};

/// One of several people, with a button that does something about them.
pub fn person_row(person: &Person, action: &str, onclick: Callback<MouseEvent>) -> Html {
    let id = person.id;
    html! {
        <li key={id.to_text()} class="found-row">
            <Avatar person={person.clone()} {id} />
            <span class="found-words">
                <strong><bdi>{ &person.name }</bdi></strong>
                <code class="fingerprint">{ words::short_id(id) }</code>
            </span>
            <button type="button" aria-label={format!("{action} {}", person.name)} {onclick}>
                { action }
            </button>
        </li>
    }
}
