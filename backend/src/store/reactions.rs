//! Who put which emoji under which message. The counts are kept beside, so that showing them takes no counting.

use candid::Principal;
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{FIRST, MessageKey, Record, Records, Set};

/// The emojis under a message with their counts, ordered by emoji.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(pub Vec<(String, u32)>);

impl Record for Tally {}

impl Tally {
    pub fn count(&self, emoji: &str) -> u32 {
        let emojis = self.0.iter();
        let counts = emojis.filter(|(one, _)| one == emoji);
        counts.map(|(_, count)| count).sum()
    }

    pub fn total(&self) -> u32 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    fn add(&mut self, emoji: &str) {
        match self.0.binary_search_by(|(one, _)| one.as_str().cmp(emoji)) {
            Ok(at) => {
                if let Some((_, count)) = self.0.get_mut(at) {
                    *count += 1;
                }
            }
            Err(at) => self.0.insert(at, (emoji.to_owned(), 1)),
        }
    }

    fn subtract(&mut self, emoji: &str) {
        for (_, count) in self.0.iter_mut().filter(|(one, _)| one == emoji) {
            *count = count.saturating_sub(1);
        }
        self.0.retain(|(_, count)| *count > 0);
    }
}

pub(crate) struct Reactions<M: Memory> {
    reactions: Set<(MessageKey, String, Principal), M>,
    tallies: Records<MessageKey, Tally, M>,
}

impl<M: Memory> Reactions<M> {
    pub fn open(reactions: M, tallies: M) -> Self {
        Self {
            reactions: Set::init(reactions),
            tallies: Records::open(tallies),
        }
    }

    pub fn len(&self) -> u64 {
        self.reactions.len()
    }

    pub fn tally(&self, message: MessageKey) -> Tally {
        self.tallies.get(&message).unwrap_or_default()
    }

    pub fn contains(&self, message: MessageKey, emoji: &str, person: Principal) -> bool {
        self.reactions
            .contains_key(&(message, emoji.to_owned(), person))
    }

    /// Those who put an emoji under a message.
    pub fn people(&self, message: MessageKey, emoji: &str) -> impl Iterator<Item = Principal> {
        let emoji = emoji.to_owned();
        self.reactions
            .keys_range((message, emoji.clone(), FIRST)..)
            .take_while(move |(of, one, _)| *of == message && *one == emoji)
            .map(|(_, _, person)| person)
    }

    /// Puts an emoji under a message that is not there, or takes away one that is.
    pub fn set(&mut self, message: MessageKey, emoji: &str, person: Principal, on: bool) {
        let key = (message, emoji.to_owned(), person);
        let mut tally = self.tally(message);
        if on {
            self.reactions.insert(key, ());
            tally.add(emoji);
        } else {
            self.reactions.remove(&key);
            tally.subtract(emoji);
        }
        if tally.0.is_empty() {
            self.tallies.remove(&message);
        } else {
            self.tallies.set(message, &tally);
        }
    }

    /// Forgets all of a message.
    pub fn clear(&mut self, message: MessageKey) {
        let Some(tally) = self.tallies.remove(&message) else {
            return;
        };
        for (emoji, _) in tally.0 {
            let people: Vec<_> = self.people(message, &emoji).collect();
            for person in people {
                self.reactions.remove(&(message, emoji.clone(), person));
            }
        }
    }
}
