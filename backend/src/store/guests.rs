//! Who is not in a room, but invited to it or banned from it.

use candid::Principal;
use chat_api::{RoomId, Time};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{Record, Records, Set, members::in_room};

/// Leave to join a room.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvitationRecord {
    pub by: Principal,
    pub at: Time,
}

impl Record for InvitationRecord {}

/// When an invitation was declined or withdrawn.
#[derive(Serialize, Deserialize)]
struct Ended(Time);

impl Record for Ended {}

pub(crate) struct Guests<M: Memory> {
    invited: Records<(Principal, RoomId), InvitationRecord, M>,
    invited_to: Set<(RoomId, Principal), M>,
    banned: Set<(RoomId, Principal), M>,
    ended: Records<(Principal, RoomId), Ended, M>,
}

impl<M: Memory> Guests<M> {
    pub fn open(invited: M, invited_to: M, banned: M, ended: M) -> Self {
        Self {
            invited: Records::open(invited),
            invited_to: Set::init(invited_to),
            banned: Set::init(banned),
            ended: Records::open(ended),
        }
    }

    pub fn invitation(&self, person: Principal, room: RoomId) -> Option<InvitationRecord> {
        self.invited.get(&(person, room))
    }

    /// The rooms that a person is invited to.
    pub fn invitations(&self, person: Principal) -> impl Iterator<Item = RoomId> {
        self.invited
            .keys((person, 0)..=(person, RoomId::MAX))
            .map(|(_, room)| room)
    }

    /// The people invited to a room, after the one given.
    pub fn invited(
        &self,
        room: RoomId,
        after: Option<Principal>,
    ) -> impl Iterator<Item = Principal> {
        in_room(&self.invited_to, room, after)
    }

    pub fn invite(&mut self, person: Principal, room: RoomId, invitation: &InvitationRecord) {
        self.invited.set((person, room), invitation);
        self.invited_to.insert((room, person), ());
    }

    /// Returns whether there was an invitation.
    pub fn uninvite(&mut self, person: Principal, room: RoomId) -> bool {
        self.invited_to.remove(&(room, person));
        self.invited.remove(&(person, room)).is_some()
    }

    /// When an invitation of a person to a room last came to nothing, as far as that is remembered.
    pub fn ended(&self, person: Principal, room: RoomId) -> Option<Time> {
        self.ended.get(&(person, room)).map(|Ended(at)| at)
    }

    /// Remembers that an invitation has come to nothing. Of more than `limit` of a person, the one that did so first is forgotten.
    pub fn remember_end(&mut self, person: Principal, room: RoomId, at: Time, limit: usize) {
        self.ended.set((person, room), &Ended(at));
        let of_person = (person, 0)..=(person, RoomId::MAX);
        let mut ends: Vec<_> = self
            .ended
            .range(of_person)
            .map(|(key, Ended(at))| (at, key))
            .collect();
        ends.sort_unstable();
        let excess = ends.len().saturating_sub(limit);
        for (_, key) in ends.into_iter().take(excess) {
            self.ended.remove(&key);
        }
    }

    pub fn is_banned(&self, person: Principal, room: RoomId) -> bool {
        self.banned.contains_key(&(room, person))
    }

    /// The people banned from a room, after the one given.
    pub fn banned(
        &self,
        room: RoomId,
        after: Option<Principal>,
    ) -> impl Iterator<Item = Principal> {
        in_room(&self.banned, room, after)
    }

    pub fn set_banned(&mut self, person: Principal, room: RoomId, is_banned: bool) {
        if is_banned {
            self.banned.insert((room, person), ());
        } else {
            self.banned.remove(&(room, person));
        }
    }
}
