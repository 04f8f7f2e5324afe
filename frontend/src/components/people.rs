//! Who is here. A click on a person addresses the composer to them, another one to everyone again.

use super::avatar::Avatar;
use super::icon;
use crate::intent::Intent;
use candid::Principal;
use chat_api::Person;
use js_sys::{Array, JsString, Object};
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub people: Rc<BTreeMap<Principal, Person>>,
    pub you: Option<Principal>,
    pub recipient: Option<Principal>,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn People(props: &Props) -> Html {
    let people = sorted(props);
    html! {
        <aside class="people" aria-labelledby="people-title">
            <h2 id="people-title">
                { "Here now" }
                <span class="count">{ people.len() }</span>
            </h2>
            <ul>
                { for people.into_iter().map(|person| html! {
                    <li key={person.id.to_text()}>{ entry(props, person) }</li>
                }) }
            </ul>
        </aside>
    }
}

/// The reader first, then by name, in the order of the reader's language: the browser knows it.
fn sorted(props: &Props) -> Vec<&Person> {
    let (mut people, mut others): (Vec<_>, Vec<_>) =
        (props.people.values()).partition(|person| Some(person.id) == props.you);
    let (locales, options) = (Array::new(), Object::new());
    others.sort_by(|a, b| {
        JsString::from(a.name.as_str())
            .locale_compare(&b.name, &locales, &options)
            .cmp(&0)
    });
    people.extend(others);
    people
}

fn entry(props: &Props, person: &Person) -> Html {
    let id = person.id.to_text();
    let face = html! {
        <>
            <Avatar person={person.clone()} />
            <span class="person-name">{ &person.name }</span>
            if person.guest {
                <span class="badge guest">{ "guest" }</span>
            }
        </>
    };
    if Some(person.id) == props.you {
        return html! {
            <span class="person" data-testid="person" data-name={person.name.clone()} data-id={id.clone()} title={id}>
                { face }
                <span class="badge">{ "you" }</span>
            </span>
        };
    }
    let addressed = Some(person.id) == props.recipient;
    let onclick = {
        let person = person.clone();
        props
            .on_intent
            .reform(move |_: MouseEvent| Intent::Address((!addressed).then(|| person.clone())))
    };
    html! {
        <button
            type="button"
            class="person"
            data-testid="person"
            data-name={person.name.clone()}
            data-id={id.clone()}
            title={id}
            aria-pressed={addressed.to_string()}
            aria-label={format!("{}: write a direct message", person.name)}
            {onclick}
        >
            { face }
            { icon::lock() }
        </button>
    }
}
