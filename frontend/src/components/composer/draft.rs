//! A text that is being written, with what depends on where the cursor is; and those that wait while others are.

use std::cell::RefCell;

use candid::Principal;
use chat_api::Address;
use web_sys::HtmlTextAreaElement;
use yew::NodeRef;

use super::completion::{Beginning, Completion};
use crate::{components::fields::focus, shared::Shared};

/// How many texts wait to be gone on with.
const MAX_WAITING: usize = 50;

/// The texts that wait to be gone on with, each with whom it is for.
pub type Drafts = Shared<RefCell<Vec<(Address, Draft)>>>;

impl Drafts {
    /// The text for this address.
    pub fn of(&self, address: Address) -> Draft {
        let drafts = self.borrow();
        let found = drafts.iter().find(|(of, _)| *of == address);
        found.map(|(_, draft)| draft.clone()).unwrap_or_default()
    }

    /// Keeps the text for this address.
    pub fn keep(&self, address: Address, draft: &Draft) {
        let mut drafts = self.borrow_mut();
        drafts.retain(|(of, _)| *of != address);
        if !draft.is_empty() {
            drafts.push((address, draft.without_completions()));
        }
        let excess = drafts.len().saturating_sub(MAX_WAITING);
        drafts.drain(..excess);
    }
}

/// A text that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// As it was drawn last.
    pub text: String,
    /// Who was chosen to be mentioned, by the name they had.
    pub mentions: Vec<(String, Principal)>,
    /// Which completion would be taken.
    pub chosen: usize,
    /// Whether completions are not wanted until something else is typed.
    pub completed: bool,
    /// Where the cursor is, in bytes.
    cursor: usize,
}

impl Draft {
    /// The text before the cursor.
    pub fn before_cursor(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or(&self.text)
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The names of those who are mentioned.
    pub fn names(&self) -> Vec<String> {
        self.mentions.iter().map(|(name, _)| name.clone()).collect()
    }

    /// As it is after something was typed.
    pub fn typed(&self, field: &NodeRef) -> Self {
        let Some(area) = field.cast::<HtmlTextAreaElement>() else {
            return self.clone();
        };
        let text = area.value();
        let units = area.selection_end().ok().flatten().unwrap_or(u32::MAX);
        Self {
            cursor: bytes_of(&text, units),
            text,
            mentions: self.mentions.clone(),
            chosen: 0,
            completed: false,
        }
    }

    /// With another completion to be taken.
    pub fn choosing(&self, chosen: usize) -> Self {
        Self {
            chosen,
            ..self.clone()
        }
    }

    /// Without completions until something else is typed.
    pub fn without_completions(&self) -> Self {
        Self {
            completed: true,
            ..self.clone()
        }
    }

    /// With what was begun completed.
    pub fn complete(&self, field: &NodeRef, begun: &Beginning, completion: &Completion) -> Self {
        let mut draft = self.replace(field, begun.place.clone(), &completion.text);
        if let Some(person) = &completion.person {
            draft.mentions.push((person.name.clone(), person.id));
        }
        draft
    }

    /// With something more at the cursor.
    pub fn insert(&self, field: &NodeRef, text: &str) -> Self {
        let draft = self.typed(field);
        let at = draft.cursor;
        draft.replace(field, at..at, text)
    }

    fn replace(&self, field: &NodeRef, place: std::ops::Range<usize>, with: &str) -> Self {
        let (Some(before), Some(after)) =
            (self.text.get(..place.start), self.text.get(place.end..))
        else {
            return self.clone();
        };
        let text = format!("{before}{with}{after}");
        let cursor = before.len() + with.len();
        if let Some(area) = field.cast::<HtmlTextAreaElement>() {
            area.set_value(&text);
            let units = units_of(&text, cursor);
            // Fails only for other kinds of fields.
            let _ = area.set_selection_range(units, units);
        }
        focus(field);
        Self {
            text,
            cursor,
            mentions: self.mentions.clone(),
            chosen: 0,
            completed: true,
        }
    }
}

/// A place counted in UTF-16, as browsers do, counted in bytes.
fn bytes_of(text: &str, units: u32) -> usize {
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += character.len_utf16() as u32;
    }
    text.len()
}

fn units_of(text: &str, bytes: usize) -> u32 {
    let before = text.get(..bytes).unwrap_or(text);
    before.encode_utf16().count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_waits_for_its_writer() {
        let drafts = Drafts::default();
        let draft = Draft {
            text: "to be continued".to_owned(),
            ..Draft::default()
        };
        drafts.keep(Address::Room(1), &draft);
        assert_eq!(drafts.of(Address::Room(1)).text, draft.text);
        assert_eq!(drafts.of(Address::Room(2)), Draft::default());
        drafts.keep(Address::Room(1), &Draft::default());
        assert!(drafts.borrow().is_empty());
    }

    #[test]
    fn browsers_count_otherwise() {
        let text = "a🦀é";
        for (units, bytes) in [(0, 0), (1, 1), (3, 5), (4, 7), (9, 7)] {
            assert_eq!(bytes_of(text, units), bytes);
        }
        assert_eq!(units_of(text, 5), 3);
        assert_eq!(units_of(text, 7), 4);
    }
}
