//! What the keys do where people write.

use chat_api::MessageNumber;

use crate::store::view::Writing;

/// How things stand when a key is pressed.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// How many completions are offered.
    pub offered: usize,
    /// Which of them would be taken.
    pub chosen: usize,
    /// Whether nothing is written.
    pub is_empty: bool,
    pub writing: Writing,
    /// The message that one would edit.
    pub last_own: Option<MessageNumber>,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Another completion would be taken.
    Choose(usize),
    /// The chosen completion is taken.
    Complete,
    /// No completions are wanted.
    Dismiss,
    Send,
    /// Not reply or edit after all.
    Cancel,
    Edit(MessageNumber),
}

impl Situation {
    /// What a key does, if it does not just write.
    pub fn deed(&self, key: &str, with_shift: bool) -> Option<Deed> {
        let Self {
            offered, chosen, ..
        } = *self;
        let is_new = self.writing == Writing::New;
        match key {
            "ArrowDown" if offered > 0 => Some(Deed::Choose((chosen + 1) % offered)),
            "ArrowUp" if offered > 0 => Some(Deed::Choose((chosen + offered - 1) % offered)),
            "Enter" | "Tab" if offered > 0 && !with_shift => Some(Deed::Complete),
            "Escape" if offered > 0 => Some(Deed::Dismiss),
            "Enter" if !with_shift => Some(Deed::Send),
            "Escape" if !is_new => Some(Deed::Cancel),
            "ArrowUp" if is_new && self.is_empty => self.last_own.map(Deed::Edit),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITING: Situation = Situation {
        offered: 0,
        chosen: 0,
        is_empty: false,
        writing: Writing::New,
        last_own: Some(7),
    };

    #[test]
    fn enter_sends_unless_with_shift() {
        assert_eq!(WRITING.deed("Enter", false), Some(Deed::Send));
        assert_eq!(WRITING.deed("Enter", true), None);
        assert_eq!(WRITING.deed("a", false), None);
    }

    #[test]
    fn completions_come_first_and_go_round() {
        let offering = Situation {
            offered: 3,
            ..WRITING
        };
        assert_eq!(offering.deed("ArrowUp", false), Some(Deed::Choose(2)));
        assert_eq!(offering.deed("ArrowDown", false), Some(Deed::Choose(1)));
        assert_eq!(offering.deed("Enter", false), Some(Deed::Complete));
        assert_eq!(offering.deed("Tab", true), None);
        assert_eq!(offering.deed("Escape", false), Some(Deed::Dismiss));
    }

    #[test]
    fn an_empty_field_leads_back_to_the_last_message() {
        let empty = Situation {
            is_empty: true,
            ..WRITING
        };
        assert_eq!(empty.deed("ArrowUp", false), Some(Deed::Edit(7)));
        assert_eq!(WRITING.deed("ArrowUp", false), None);
        let editing = Situation {
            writing: Writing::Edit(7),
            ..empty
        };
        assert_eq!(editing.deed("ArrowUp", false), None);
        assert_eq!(editing.deed("Escape", false), Some(Deed::Cancel));
    }
}
