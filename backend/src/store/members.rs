//! Who is in which room, found from either side; and which members of a room have connections, so that telling them takes
//! no time for the others.

use std::ops::Bound;

use candid::Principal;
use chat_api::{MessageNumber, Role, RoomId};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{FIRST, Record, Records, Set, codec::ReadError};

/// What a room is to a member, and a member to a room.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub role: Role,
    pub muted: bool,
    /// The number after that of the last message read.
    pub read_up_to: MessageNumber,
    /// The number of the change that made them a member: earlier ones are none of theirs.
    pub since: u64,
    /// Whether it is a conversation that they have left until something is said in it.
    pub left: bool,
}

impl Record for Membership {
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Result<Self, ReadError> {
        match version {
            1 => {
                // The last field of that version is of no use any more.
                let (role, muted, read_up_to, since) = postcard::from_bytes(bytes)?;
                Ok(Self {
                    role,
                    muted,
                    read_up_to,
                    since,
                    left: false,
                })
            }
            other => Err(ReadError::Version(other)),
        }
    }
}

pub(crate) struct Members<M: Memory> {
    memberships: Records<(Principal, RoomId), Membership, M>,
    of_rooms: Set<(RoomId, Principal), M>,
    present: Set<(RoomId, Principal), M>,
}

impl<M: Memory> Members<M> {
    pub fn open(memberships: M, of_rooms: M, present: M) -> Self {
        Self {
            memberships: Records::open(memberships),
            of_rooms: Set::init(of_rooms),
            present: Set::init(present),
        }
    }

    pub fn len(&self) -> u64 {
        self.memberships.len()
    }

    pub fn get(&self, person: Principal, room: RoomId) -> Option<Membership> {
        self.memberships.get(&(person, room))
    }

    pub fn contains(&self, person: Principal, room: RoomId) -> bool {
        self.memberships.contains(&(person, room))
    }

    /// Changes a membership, or makes one.
    pub fn set(&mut self, person: Principal, room: RoomId, membership: &Membership) {
        if !self.memberships.set((person, room), membership) {
            self.of_rooms.insert((room, person), ());
        }
    }

    pub fn remove(&mut self, person: Principal, room: RoomId) {
        self.memberships.remove(&(person, room));
        self.of_rooms.remove(&(room, person));
        self.present.remove(&(room, person));
    }

    /// The rooms of a person.
    pub fn rooms(&self, person: Principal) -> impl Iterator<Item = (RoomId, Membership)> {
        self.memberships
            .range((person, 0)..=(person, RoomId::MAX))
            .map(|((_, room), membership)| (room, membership))
    }

    /// The rooms of a person, without what they are in them.
    pub fn room_ids(&self, person: Principal) -> impl Iterator<Item = RoomId> {
        self.memberships
            .keys((person, 0)..=(person, RoomId::MAX))
            .map(|(_, room)| room)
    }

    /// The members of a room, after the one given.
    pub fn of(&self, room: RoomId, after: Option<Principal>) -> impl Iterator<Item = Principal> {
        in_room(&self.of_rooms, room, after)
    }

    /// The other one of a conversation; nobody, if it is with oneself.
    pub fn other(&self, room: RoomId, person: Principal) -> Option<Principal> {
        self.of(room, None).find(|member| *member != person)
    }

    /// The members of a room who have connections.
    pub fn present(&self, room: RoomId) -> impl Iterator<Item = Principal> {
        in_room(&self.present, room, None)
    }

    /// Notes whether a member has connections.
    pub fn set_present(&mut self, person: Principal, room: RoomId, is_present: bool) {
        if is_present {
            self.present.insert((room, person), ());
        } else {
            self.present.remove(&(room, person));
        }
    }
}

/// The people that a set has for a room, after the one given.
pub(super) fn in_room<M: Memory>(
    set: &Set<(RoomId, Principal), M>,
    room: RoomId,
    after: Option<Principal>,
) -> impl Iterator<Item = Principal> {
    let start = match after {
        Some(after) => Bound::Excluded((room, after)),
        None => Bound::Included((room, FIRST)),
    };
    set.keys_range((start, Bound::Unbounded))
        .take_while(move |(of, _)| *of == room)
        .map(|(_, person)| person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_membership_of_the_former_version_can_be_read() {
        let former = (Role::Owner, true, 300_u64, 7_u64, Some(1_u64));
        let bytes = postcard::to_extend(&former, Vec::new()).unwrap();
        let read = Membership {
            role: Role::Owner,
            muted: true,
            read_up_to: 300,
            since: 7,
            left: false,
        };
        assert_eq!(Membership::read(1, &bytes).unwrap(), read);
    }
}
