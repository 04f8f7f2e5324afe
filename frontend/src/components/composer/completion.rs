//! What a word that is being written may become: somebody's name, or an emoji.

use std::{collections::BTreeSet, ops::Range};

use chat_api::Person;

use crate::{
    emoji,
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
    pub person: Option<Person>,
    /// What it is called.
    pub label: String,
}

impl Completion {
    fn mention(person: &Person) -> Self {
        Self {
            text: format!("@{} ", person.name),
            person: Some(person.clone()),
            label: person.name.clone(),
        }
    }

    fn emoji((name, emoji): (&str, &str)) -> Self {
        Self {
            text: format!("{emoji} "),
            person: None,
            label: format!("{emoji} :{name}:"),
        }
    }
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
            word: words::folded(word),
        })
    }

    /// The beginning of a name, if it is one.
    pub fn name(&self) -> Option<&str> {
        (self.kind == Kind::Mention).then_some(&self.word)
    }

    /// What it may become: of people, who wrote last comes first, and who was only `found` by their name comes last.
    pub fn completions(
        &self,
        people: &People,
        room: Option<&RoomState>,
        found: &[Person],
    ) -> Vec<Completion> {
        let Some(room) = room.filter(|_| self.kind == Kind::Mention) else {
            return self.emojis();
        };
        let authors = room.messages.iter().rev().map(|message| message.author);
        let members = room.members.roles.keys().copied();
        let known = authors.chain(members).filter_map(|id| people.get(id));
        let mut offered = BTreeSet::new();
        known
            .chain(found)
            .filter(|person| offered.insert(person.id))
            .filter(|person| words::folded(&person.name).starts_with(&self.word))
            .take(OFFERED)
            .map(Completion::mention)
            .collect()
    }

    fn emojis(&self) -> Vec<Completion> {
        if self.kind != Kind::Emoji {
            return Vec::new();
        }
        let found = emoji::find(&self.word, OFFERED);
        found.into_iter().map(Completion::emoji).collect()
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
