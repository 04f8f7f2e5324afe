//! What people are notified of and have not read.

use candid::Principal;
use chat_api::{MessageNumber, RoomId, Time};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{Record, Records};

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

pub(crate) struct Notices<M: Memory> {
    notices: Records<(Principal, u64), Notice, M>,
}

impl<M: Memory> Notices<M> {
    pub fn open(notices: M) -> Self {
        Self {
            notices: Records::open(notices),
        }
    }

    pub fn len(&self) -> u64 {
        self.notices.len()
    }

    pub fn get(&self, person: Principal, number: u64) -> Option<Notice> {
        self.notices.get(&(person, number))
    }

    /// Adds one, and drops the oldest beyond `limit`.
    pub fn add(&mut self, person: Principal, number: u64, notice: &Notice, limit: usize) {
        self.notices.set((person, number), notice);
        let numbers = self.notices.keys(range(person, u64::MAX));
        let excess: Vec<_> = numbers.rev().skip(limit).collect();
        for key in excess {
            self.notices.remove(&key);
        }
    }

    /// All of a person, oldest first.
    pub fn of(&self, person: Principal) -> impl Iterator<Item = (u64, Notice)> {
        self.notices
            .range(range(person, u64::MAX))
            .map(|((_, number), notice)| (number, notice))
    }

    /// Removes those up to a number. Returns whether there were any.
    pub fn remove_up_to(&mut self, person: Principal, number: u64) -> bool {
        let keys: Vec<_> = self.notices.keys(range(person, number)).collect();
        for key in &keys {
            self.notices.remove(key);
        }
        !keys.is_empty()
    }

    /// Removes those that are `done`.
    pub fn remove_if(&mut self, person: Principal, done: impl Fn(&Notice) -> bool) {
        let done: Vec<_> = self.of(person).filter(|(_, one)| done(one)).collect();
        for (number, _) in done {
            self.notices.remove(&(person, number));
        }
    }
}

fn range(person: Principal, up_to: u64) -> std::ops::RangeInclusive<(Principal, u64)> {
    (person, 0)..=(person, up_to)
}
