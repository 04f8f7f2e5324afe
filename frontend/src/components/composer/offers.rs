//! What is offered for a word that is being written.

use chat_api::Person;
use yew::prelude::*;

use super::completion::{Beginning, Completion};
use crate::{
    components::{
        Avatar,
        names::{fingerprint, namesake_badge},
        search::use_rested,
    },
    intent::{Intent, use_intents},
    store::{people::People, rooms::RoomState},
};

/// The members of a room whose names begin so, as far as the page has to ask for them.
#[hook]
pub fn use_found_members(beginning: Option<&Beginning>, room: Option<&RoomState>) -> Vec<Person> {
    let intents = use_intents();
    let found = use_state(Vec::new);
    let name = beginning.and_then(Beginning::name);
    let due = name
        .filter(|name| !name.is_empty())
        .zip(room.filter(|room| !room.members.is_complete()))
        .map(|(name, room)| (name.to_owned(), room.room.id));
    let look = {
        let found = found.setter();
        move |(name, room)| {
            let answer =
                Callback::from(move |people: Result<_, _>| found.set(people.unwrap_or_default()));
            intents.emit(Intent::FindPeople(name, Some(room), answer));
        }
    };
    use_rested(due, look);
    (*found).clone()
}

/// The completions to choose from.
pub fn completion_list(
    completions: &[Completion],
    people: &People,
    found: &[Person],
    chosen: usize,
    on_choose: &Callback<usize>,
) -> Html {
    if completions.is_empty() {
        return Html::default();
    }
    html! {
        <ul id="completions" class="completions" role="listbox" aria-label="Completions">
            { for completions.iter().enumerate().map(|(index, completion)| {
                // Before the field loses focus.
                let onmousedown = on_choose.reform(move |event: MouseEvent| {
                    event.prevent_default();
                    index
                });
                html! {
                    <li
                        key={completion.person.as_ref().map_or_else(|| completion.label.clone(), |it| it.id.to_text())}
                        id={format!("completion-{index}")}
                        role="option"
                        aria-selected={(index == chosen).to_string()}
                        {onmousedown}
                    >
                        if let Some(person) = &completion.person {
                            <Avatar person={person.clone()} id={person.id} />
                        }
                        <bdi>{ &completion.label }</bdi>
                        if let Some(person) = &completion.person {
                            { namesake_badge(people.has_namesake(person, found)) }
                            { fingerprint(person.id) }
                        }
                    </li>
                }
            }) }
        </ul>
    }
}
