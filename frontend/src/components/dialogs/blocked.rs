//! Whom this person has blocked.

use chat_api::{Command, Person};
use yew::prelude::*;

use super::person_row::person_row;
use crate::{intent::Intent, store::people::People};

/// Whom this person has blocked, and how to hear them again; nothing where that is nobody.
pub fn blocked_people(blocked: &[Person], people: &People, intents: &Callback<Intent>) -> Html {
    if blocked.is_empty() {
        return Html::default();
    }
    let row = |person: &Person| {
        let id = person.id;
        let unblock = intents.reform(move |_: MouseEvent| {
            Intent::Do(Command::Block {
                person: id,
                blocked: false,
            })
        });
        person_row(person, people.has_namesake(person, &[]), "Unblock", unblock)
    };
    html! {
        <section class="blocked">
            <h3>{ "Blocked people" }</h3>
            <ul class="found" aria-label="Blocked people">
                { for blocked.iter().map(row) }
            </ul>
        </section>
    }
}
