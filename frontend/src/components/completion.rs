//! What a word that is being written may become: somebody's name, or an emoji.

use std::ops::Range;

use candid::Principal;
use yew::prelude::*;

use super::Avatar;
use crate::{
    emoji,
    shared::Shared,
    store::{people::People, rooms::RoomState},
    words,
};

/// How many are offered.
const OFFERED: usize = 7;

/// The shortest beginning of an emoji's name.
const MIN_EMOJI_CHARS: usize = 2;

/// Something that a word may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What takes the word's place.
    pub text: String,
    /// Whom that mentions.
    pub person: Option<Principal>,
    /// What it is called.
    pub label: String,
}

/// The beginning of something before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Where in the text, in bytes, with the sign before it.
    pub place: Range<usize>,
    kind: Kind,
    word: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mention,
    Emoji,
}

impl Beginning {
    /// What is begun at the end of `text`, if anything.
    pub fn of(text: &str) -> Option<Self> {
        let at = text.rfind(['@', ':'])?;
        let (before, word) = text.split_at_checked(at)?;
        let is_apart = before
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && c != ':');
        let kind = match word.starts_with('@') {
            true => Kind::Mention,
            false => Kind::Emoji,
        };
        let word = word.get(1..)?;
        let is_word = match kind {
            // Names may have spaces in them.
            Kind::Mention => {
                word.chars().count() <= 32 && !word.contains('\n') && !word.starts_with(' ')
            }
            Kind::Emoji => {
                word.len() >= MIN_EMOJI_CHARS
                    && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            }
        };
        (is_apart && is_word).then(|| Self {
            place: at..text.len(),
            kind,
            word: word.to_lowercase(),
        })
    }

    /// What it may become.
    pub fn completions(&self, people: &People, room: Option<&RoomState>) -> Vec<Completion> {
        match self.kind {
            Kind::Mention => self.people(people, room),
            Kind::Emoji => emoji::find(&self.word, OFFERED)
                .into_iter()
                .map(|(name, emoji)| Completion {
                    text: format!("{emoji} "),
                    person: None,
                    label: format!("{emoji} :{name}:"),
                })
                .collect(),
        }
    }

    fn people(&self, people: &People, room: Option<&RoomState>) -> Vec<Completion> {
        let Some(room) = room else {
            return Vec::new();
        };
        let authors = room.messages.iter().rev().map(|message| message.author);
        let members = room.members.roles.keys().copied();
        let mut known = std::collections::BTreeSet::new();
        let mut found = Vec::new();
        for id in authors.chain(members) {
            let Some(person) = people.get(id).filter(|_| known.insert(id)) else {
                continue;
            };
            if person.name.to_lowercase().starts_with(&self.word) {
                found.push(Completion {
                    text: format!("@{} ", person.name),
                    person: Some(id),
                    label: person.name.clone(),
                });
            }
            if found.len() >= OFFERED {
                break;
            }
        }
        found
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub completions: Vec<Completion>,
    pub people: Shared<People>,
    pub chosen: usize,
    pub on_choose: Callback<usize>,
}

/// The completions to choose from.
#[component]
pub fn CompletionList(props: &Props) -> Html {
    html! {
        <ul id="completions" class="completions" role="listbox" aria-label="Completions">
            { for props.completions.iter().enumerate().map(|(index, completion)| {
                // Before the field loses focus.
                let onmousedown = props.on_choose.reform(move |event: MouseEvent| {
                    event.prevent_default();
                    index
                });
                html! {
                    <li
                        key={completion.person.map_or_else(|| completion.label.clone(), |id| id.to_text())}
                        id={format!("completion-{index}")}
                        role="option"
                        aria-selected={(index == props.chosen).to_string()}
                        {onmousedown}
                    >
                        if let Some(id) = completion.person {
                            <Avatar person={props.people.get(id).cloned()} {id} />
                        }
                        <bdi>{ &completion.label }</bdi>
                        if let Some(id) = completion.person {
                            <code class="fingerprint">{ words::short_id(id) }</code>
                        }
                    </li>
                }
            }) }
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(text: &str) -> Option<(Range<usize>, String)> {
        Beginning::of(text).map(|beginning| (beginning.place, beginning.word))
    }

    #[test]
    fn a_sign_apart_begins_something() {
        assert_eq!(begun("hi @Ad"), Some((3..6, "ad".to_owned())));
        assert_eq!(begun("@"), Some((0..1, String::new())));
        assert_eq!(begun(":ta"), Some((0..3, "ta".to_owned())));
        assert_eq!(begun("mail@example"), None);
        assert_eq!(begun("10:30"), None);
        assert_eq!(begun("so: what"), None);
        assert_eq!(begun("hi @ you"), None);
        assert_eq!(begun("nothing"), None);
    }
}
