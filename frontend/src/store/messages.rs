//! The messages of a room that the page has, wherever the reader has been. The others are known by their numbers only.

use std::{collections::BTreeMap, ops::Range, rc::Rc};

use candid::Principal;
use chat_api::{Change, Message, MessageNumber, Reaction, Span};

/// How many messages of a room are kept. Beyond, those farthest from where the reader is make room.
pub const MAX_KEPT: usize = 1_200;

/// Some messages of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    kept: BTreeMap<MessageNumber, Rc<Message>>,
    /// Near which of them the reader is: where they had some loaded, or at the end that grows.
    reader: MessageNumber,
}

impl Messages {
    /// One of them, if the page has it.
    pub fn get(&self, number: MessageNumber) -> Option<&Rc<Message>> {
        self.kept.get(&number)
    }

    /// All that the page has, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Rc<Message>> {
        self.kept.values()
    }

    /// Adds messages that the reader had loaded, or puts them in the place of what was known of them.
    pub fn extend(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.reader = message.number;
            self.kept.insert(message.number, Rc::new(message));
        }
        self.forget_far_ones();
    }

    /// Adds a message that was just said.
    fn said(&mut self, message: Message) {
        if message.number.abs_diff(self.reader) < MAX_KEPT as u64 / 2 {
            self.reader = message.number;
        }
        self.kept.insert(message.number, Rc::new(message));
        self.forget_far_ones();
    }

    /// Forgets those before the oldest that the room keeps.
    pub fn forget_before(&mut self, first: MessageNumber) {
        if self
            .kept
            .first_key_value()
            .is_some_and(|(number, _)| *number < first)
        {
            self.kept = self.kept.split_off(&first);
        }
    }

    /// What to ask for so that none of these is missing.
    pub fn gap(&self, shown: Range<MessageNumber>) -> Option<Span> {
        let missing = |number: &MessageNumber| !self.kept.contains_key(number);
        let first = shown.clone().find(missing)?;
        let last = shown.clone().rfind(missing)?;
        Some(if first > 0 && self.kept.contains_key(&(first - 1)) {
            Span::After(first - 1)
        } else if self.kept.contains_key(&(last + 1)) {
            Span::Before(last + 1)
        } else {
            Span::Around(first.midpoint(last))
        })
    }

    /// Applies what has changed about a message. Of messages that the page does not have, it learns when it asks for them.
    pub fn apply(&mut self, change: &Change, me: Option<Principal>) {
        match change {
            Change::Said { message, .. } => self.said(message.clone()),
            Change::Edited {
                message,
                text,
                mentions,
                edited_at,
                ..
            } => self.edit(*message, |message| {
                message.text.clone_from(text);
                message.mentions.clone_from(mentions);
                message.edited_at = Some(*edited_at);
            }),
            Change::Deleted { message, .. } => self.edit(*message, |message| {
                message.text.clear();
                message.mentions.clear();
                message.reactions.clear();
                message.edited_at = None;
                message.deleted = true;
            }),
            Change::Reacted {
                message,
                emoji,
                count,
                people,
                person,
                on,
                ..
            } => self.edit(*message, |message| {
                let was_mine = message
                    .reactions
                    .iter()
                    .any(|reaction| reaction.emoji == *emoji && reaction.mine);
                let reaction = Reaction {
                    emoji: emoji.clone(),
                    count: *count,
                    people: people.clone(),
                    mine: if Some(*person) == me { *on } else { was_mine },
                };
                react(&mut message.reactions, reaction);
            }),
            _ => {}
        }
    }

    fn edit(&mut self, number: MessageNumber, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.kept.get_mut(&number) {
            change(Rc::make_mut(message));
        }
    }

    fn forget_far_ones(&mut self) {
        let number = self.reader;
        while self.kept.len() > MAX_KEPT {
            let far =
                |kept: Option<(&MessageNumber, _)>| kept.map_or(0, |(at, _)| at.abs_diff(number));
            if far(self.kept.first_key_value()) > far(self.kept.last_key_value()) {
                self.kept.pop_first();
            } else {
                self.kept.pop_last();
            }
        }
    }
}

/// Puts a reaction in its place: ordered by emoji, gone when nobody has it.
fn react(reactions: &mut Vec<Reaction>, reaction: Reaction) {
    let place = reactions.binary_search_by(|one| one.emoji.cmp(&reaction.emoji));
    match (place, reaction.count) {
        (Ok(at), 0) => {
            reactions.remove(at);
        }
        (Ok(at), _) => {
            if let Some(one) = reactions.get_mut(at) {
                *one = reaction;
            }
        }
        (Err(_), 0) => {}
        (Err(at), _) => reactions.insert(at, reaction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{message, person};

    fn some(numbers: impl IntoIterator<Item = u64>) -> Messages {
        let mut messages = Messages::default();
        messages.extend(numbers.into_iter().map(|n| message(n, 1, "hi")));
        messages
    }

    #[test]
    fn what_is_shown_and_missing_is_asked_for_next_to_what_is_there() {
        let messages = some(50..60);
        assert_eq!(messages.gap(52..58), None);
        assert_eq!(messages.gap(45..55), Some(Span::Before(50)));
        assert_eq!(messages.gap(55..65), Some(Span::After(59)));
        assert_eq!(messages.gap(10..21), Some(Span::Around(15)));
        assert_eq!(messages.gap(7..7), None);
    }

    #[test]
    fn the_farthest_make_room() {
        let mut messages = some(0..MAX_KEPT as u64);
        messages.extend([message(5_000, 1, "far")]);
        assert_eq!(messages.iter().count(), MAX_KEPT);
        assert!(messages.get(0).is_none());
        assert!(messages.get(5_000).is_some());
        messages.extend([message(0, 1, "near")]);
        assert!(messages.get(5_000).is_none());
    }

    #[test]
    fn who_reads_far_up_keeps_what_they_read_while_others_talk() {
        let said = |number| Change::Said {
            room: 0,
            message: message(number, 1, "hi"),
            author: person(1),
        };
        let mut messages = some(0..100);
        for number in 50_000..50_000 + 2 * MAX_KEPT as u64 {
            messages.apply(&said(number), None);
        }
        assert!(messages.get(99).is_some());

        let mut messages = some(0..100);
        let latest = 100 + 2 * MAX_KEPT as u64;
        for number in 100..=latest {
            messages.apply(&said(number), None);
        }
        assert!(messages.get(latest).is_some());
        assert!(messages.get(99).is_none());
    }

    #[test]
    fn reactions_stay_in_order_and_go_with_the_last_one() {
        let mut messages = some([0]);
        let me = Principal::from_slice(&[1]);
        let mut reacted = |emoji: &str, count, on| {
            let change = Change::Reacted {
                room: 0,
                message: 0,
                emoji: emoji.to_owned(),
                count,
                people: vec![me],
                person: me,
                on,
            };
            messages.apply(&change, Some(me));
            let reactions = &messages.get(0).unwrap().reactions;
            let shown = reactions.iter().map(|one| (one.emoji.clone(), one.mine));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(reacted("b", 1, true), [("b".to_owned(), true)]);
        assert_eq!(reacted("a", 2, true).len(), 2);
        assert_eq!(reacted("b", 0, false), [("a".to_owned(), true)]);
    }

    #[test]
    fn what_the_room_does_not_keep_is_forgotten() {
        let mut messages = some(0..10);
        messages.forget_before(4);
        assert_eq!(messages.iter().next().map(|one| one.number), Some(4));
    }
}
