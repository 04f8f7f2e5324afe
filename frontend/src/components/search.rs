//! Looking for something by typing its name.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{fields::typed, icon};
use crate::intent::{Answer, Intent, use_intents};

/// How long typing must rest before it is looked for, in milliseconds.
const REST_MS: u32 = 200;

/// A field for the name of what is looked for.
pub fn search_field(
    id: Option<&'static str>,
    label: &'static str,
    on_change: &Callback<String>,
) -> Html {
    html! {
        <div class="search">
            { icon::search() }
            <input {id} type="search" placeholder={label} aria-label={label} oninput={on_change.reform(typed)} />
        </div>
    }
}

/// What was found, or what stands in its place.
pub fn found<T>(found: &Option<Result<T, String>>, list: impl FnOnce(&T) -> Html) -> Html {
    match found {
        None => html! { <p class="fine" role="status">{ "Looking…" }</p> },
        Some(Err(problem)) => html! { <p class="problem" role="alert">{ problem }</p> },
        Some(Ok(found)) => list(found),
    }
}

/// Takes the answer about the next page, together with what is shown of those before.
pub fn next_page<T: Clone + 'static>(
    shown: &T,
    answer: Answer<T>,
    together: fn(T, T) -> T,
) -> Answer<T> {
    let shown = shown.clone();
    answer.reform(move |next: Result<T, String>| next.map(|next| together(shown.clone(), next)))
}

/// The end of a list that goes on.
pub fn show_more(onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" class="quiet" {onclick}>{ "Show more" }</button> }
}

/// Looks for what is sought, if anything, as soon as that has not changed for a while.
#[hook]
pub fn use_rested<T: Clone + PartialEq + 'static>(
    sought: Option<T>,
    look: impl FnOnce(T) + 'static,
) {
    use_effect_with(sought, move |sought| {
        let rest = sought
            .clone()
            .map(|sought| Timeout::new(REST_MS, move || look(sought)));
        move || drop(rest)
    });
}

/// What was found for what is typed.
pub struct Search<T> {
    /// Nothing while it is looked for the first time.
    pub found: UseStateHandle<Option<Result<T, String>>>,
    latest: Rc<RefCell<String>>,
}

impl<T: 'static> Search<T> {
    /// Takes an answer, unless something else was typed meanwhile.
    pub fn answer(&self) -> Answer<T> {
        let (found, latest) = (self.found.setter(), Rc::clone(&self.latest));
        let asked = latest.borrow().clone();
        Callback::from(move |answer| {
            if *latest.borrow() == asked {
                found.set(Some(answer));
            }
        })
    }
}

/// Looks for what begins as typed.
#[hook]
pub fn use_search<T: 'static>(typed: &str, ask: fn(String, Answer<T>) -> Intent) -> Search<T> {
    let intents = use_intents();
    let found = use_state(|| None);
    let latest = use_mut_ref(String::new);
    let search = Search { found, latest };
    typed.clone_into(&mut search.latest.borrow_mut());
    let answer = search.answer();
    use_rested(Some(typed.to_owned()), move |typed| {
        intents.emit(ask(typed, answer));
    });
    search
}
