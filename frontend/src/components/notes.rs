//! Short notes to the person, each until it is read or replaced.

use std::collections::VecDeque;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::icon;
use crate::{
    intent::{Intent, use_intents},
    store::Note,
};

/// How long a note stays, in milliseconds: long enough to be read twice.
const STAYS_MS: u32 = 8_000;

/// Those that are to be read.
pub fn notes(notes: &VecDeque<Note>) -> Html {
    html! {
        <div class="notes" role="status" aria-live="polite">
            { for notes.iter().map(|note| html! { <OneNote key={note.id} note={note.clone()} /> }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct NoteProps {
    note: Note,
}

#[component]
fn OneNote(props: &NoteProps) -> Html {
    let intents = use_intents();
    let id = props.note.id;
    {
        let intents = intents.clone();
        use_effect_with(id, move |id| {
            let id = *id;
            let timer = Timeout::new(STAYS_MS, move || intents.emit(Intent::Dismiss(id)));
            move || drop(timer)
        });
    }
    let dismiss = intents.reform(move |_: MouseEvent| Intent::Dismiss(id));
    html! {
        <p class="note">
            <span>{ &props.note.words }</span>
            { icon::button("Dismiss", icon::cross(), dismiss) }
        </p>
    }
}
