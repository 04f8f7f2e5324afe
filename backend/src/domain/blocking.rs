//! Hearing nothing from somebody.

use candid::Principal;
use chat_api::Passing;
use ic_stable_structures::Memory;

use super::{Delivery, Refusal, turn::Turn};
use crate::store::What;

impl<M: Memory> Turn<'_, M> {
    pub(super) fn block(&mut self, person: Principal, blocked: bool) -> Result<(), Refusal> {
        if person == self.by {
            return Err(Refusal::NotOneself);
        }
        if !self.store.people.contains(person) {
            return Err(Refusal::NoSuchPerson);
        }
        if self.store.blocks.contains(self.by, person) == blocked {
            return Ok(());
        }
        let limit = self.limits.blocked;
        if blocked && self.store.blocks.of(self.by).take(limit).count() == limit {
            return Err(Refusal::TooManyBlocked(limit));
        }

        self.store.blocks.set(self.by, person, blocked);
        self.log_for(self.by, What::Blocked(person));
        // From now on they are seen otherwise.
        let presence = self.view().presence(person, self.by);
        let own = self.store.connections.of(self.by);
        let seen = Delivery::passing(own, Passing::Presence { person, presence });
        self.deliver(seen);
        Ok(())
    }

    /// Whether neither of `by` and somebody else has blocked the other.
    pub(super) fn check_blocks(&self, other: Principal) -> Result<(), Refusal> {
        if self.store.blocks.contains(other, self.by) {
            return Err(Refusal::BlockedByThem);
        }
        if self.store.blocks.contains(self.by, other) {
            return Err(Refusal::BlockedByYou);
        }
        Ok(())
    }
}
