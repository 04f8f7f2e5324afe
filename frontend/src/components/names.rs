//! What people are called, and what tells those apart who are called alike.

use candid::Principal;
use chat_api::Person;
use yew::prelude::*;

use crate::{
    intent::Intent,
    store::{
        people::People,
        view::{Dialog, Open},
    },
    words,
};

/// A person's name, which leads to more about them.
pub fn name(people: &People, id: Principal, intents: &Callback<Intent>) -> Html {
    let onclick =
        intents.reform(move |_: MouseEvent| Intent::Open(Open::Dialog(Dialog::Person(id))));
    let person = people.get(id);
    html! {
        <>
            <button type="button" class="name" title={id.to_text()} {onclick}>
                <bdi>{ people.name(id) }</bdi>
            </button>
            { person.map(|person| told_apart(people, person)) }
            { guest_badge(person) }
        </>
    }
}

/// Beside the name of somebody who has a namesake: that it is so, and who this one is.
pub fn told_apart(people: &People, person: &Person) -> Html {
    if !people.has_namesake(person, &[]) {
        return Html::default();
    }
    html! { <>{ namesake_badge(true) }{ fingerprint(person.id) }</> }
}

/// Marks those who have a namesake: somebody who is called like them, or so that it looks the same.
pub fn namesake_badge(has_namesake: bool) -> Html {
    if !has_namesake {
        return Html::default();
    }
    html! {
        <span class="badge namesake" title="Somebody else has this name, or one that looks like it.">
            { "namesake" }
        </span>
    }
}

/// Who somebody is, beyond what they are called.
pub fn fingerprint(id: Principal) -> Html {
    html! { <code class="fingerprint" title={id.to_text()}>{ words::short_id(id) }</code> }
}

/// Marks guests as such.
pub fn guest_badge(person: Option<&Person>) -> Html {
    match person {
        Some(person) if person.guest => html! { <span class="badge">{ "guest" }</span> },
        _ => Html::default(),
    }
}
