//! What people are notified of and have not read.

use candid::Principal;
use chat_api::{MessageNumber, RoomId, Time};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{Record, Records, Set};

/// Something that a person is notified of.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub about: About,
    pub room: RoomId,
    pub by: Principal,
    pub at: Time,
}

impl Record for Notice {}

/// What it is about.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Mention(MessageNumber),
    Direct(MessageNumber),
    Invitation,
}

/// How many a person has.
#[derive(Serialize, Deserialize, Default)]
struct Count(u64);

impl Record for Count {}

pub(crate) struct Notices<M: Memory> {
    notices: Records<(Principal, u64), Notice, M>,
    of_rooms: Set<(Principal, RoomId, u64), M>,
    counts: Records<Principal, Count, M>,
}

impl<M: Memory> Notices<M> {
    pub fn open(notices: M, of_rooms: M, counts: M) -> Self {
        Self {
            notices: Records::open(notices),
            of_rooms: Set::init(of_rooms),
            counts: Records::open(counts),
        }
    }

    pub fn len(&self) -> u64 {
        self.notices.len()
    }

    pub fn get(&self, person: Principal, number: u64) -> Option<Notice> {
        self.notices.get(&(person, number))
    }

    /// Whether a person has any from a room.
    pub fn has_any(&self, person: Principal, room: RoomId) -> bool {
        self.numbers(person, room).next().is_some()
    }

    /// Adds one, and drops the oldest beyond `limit`.
    pub fn add(&mut self, person: Principal, number: u64, notice: &Notice, limit: usize) {
        /// So many at a time, should the limit have become lower.
        const DROPPED_AT_ONCE: usize = 2;
        self.notices.set((person, number), notice);
        self.of_rooms.insert((person, notice.room, number), ());
        let Count(count) = self.counts.get(&person).unwrap_or_default();
        self.counts.set(person, &Count(count + 1));
        let excess = (count as usize + 1).saturating_sub(limit);
        let numbers = self.notices.keys(range(person, u64::MAX));
        let oldest = numbers.take(excess.min(DROPPED_AT_ONCE));
        self.remove(person, oldest.map(|(_, number)| number).collect());
    }

    /// All of a person, oldest first.
    pub fn of(&self, person: Principal) -> impl Iterator<Item = (u64, Notice)> {
        self.notices
            .range(range(person, u64::MAX))
            .map(|((_, number), notice)| (number, notice))
    }

    /// Removes those up to a number. Returns whether there were any.
    pub fn remove_up_to(&mut self, person: Principal, number: u64) -> bool {
        let keys = self.notices.keys(range(person, number));
        let numbers: Vec<_> = keys.map(|(_, number)| number).collect();
        let is_any = !numbers.is_empty();
        self.remove(person, numbers);
        is_any
    }

    /// Removes those from a room that are `done`.
    pub fn remove_if(&mut self, person: Principal, room: RoomId, done: impl Fn(About) -> bool) {
        let is_done = |number: &u64| {
            let notice = self.get(person, *number);
            notice.is_some_and(|notice| done(notice.about))
        };
        let done: Vec<_> = self.numbers(person, room).filter(is_done).collect();
        self.remove(person, done);
    }

    /// Those from a room.
    fn numbers(&self, person: Principal, room: RoomId) -> impl Iterator<Item = u64> {
        self.of_rooms
            .keys_range((person, room, 0)..=(person, room, u64::MAX))
            .map(|(.., number)| number)
    }

    fn remove(&mut self, person: Principal, numbers: Vec<u64>) {
        if numbers.is_empty() {
            return;
        }
        let Count(count) = self.counts.get(&person).unwrap_or_default();
        let left = count.saturating_sub(numbers.len() as u64);
        match left {
            0 => drop(self.counts.remove(&person)),
            _ => drop(self.counts.set(person, &Count(left))),
        }
        for number in numbers {
            if let Some(notice) = self.notices.remove(&(person, number)) {
                self.of_rooms.remove(&(person, notice.room, number));
            }
        }
    }
}

fn range(person: Principal, up_to: u64) -> std::ops::RangeInclusive<(Principal, u64)> {
    (person, 0)..=(person, up_to)
}
