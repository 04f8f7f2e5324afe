//! Who wants to hear nothing from whom.

use candid::Principal;
use ic_stable_structures::Memory;

use super::{FIRST, Set};

pub(crate) struct Blocks<M: Memory> {
    /// Who has blocked whom.
    blocked: Set<(Principal, Principal), M>,
    /// The same, from the side of the blocked.
    by: Set<(Principal, Principal), M>,
}

impl<M: Memory> Blocks<M> {
    pub fn open(blocked: M, by: M) -> Self {
        Self {
            blocked: Set::init(blocked),
            by: Set::init(by),
        }
    }

    pub fn len(&self) -> u64 {
        self.blocked.len()
    }

    /// Whether one person has blocked another.
    pub fn contains(&self, person: Principal, blocked: Principal) -> bool {
        self.blocked.contains_key(&(person, blocked))
    }

    /// Whom a person has blocked.
    pub fn of(&self, person: Principal) -> impl Iterator<Item = Principal> {
        seconds(&self.blocked, person)
    }

    /// Whether anybody has blocked a person. Where nobody has, who else is told of them need not be looked through.
    pub fn is_blocked(&self, person: Principal) -> bool {
        seconds(&self.by, person).next().is_some()
    }

    pub fn set(&mut self, person: Principal, blocked: Principal, is_blocked: bool) {
        if is_blocked {
            self.blocked.insert((person, blocked), ());
            self.by.insert((blocked, person), ());
        } else {
            self.blocked.remove(&(person, blocked));
            self.by.remove(&(blocked, person));
        }
    }
}

fn seconds<M: Memory>(
    pairs: &Set<(Principal, Principal), M>,
    first: Principal,
) -> impl Iterator<Item = Principal> {
    pairs
        .keys_range((first, FIRST)..)
        .take_while(move |(one, _)| *one == first)
        .map(|(_, second)| second)
}
