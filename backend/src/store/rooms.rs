//! Rooms, and how they are found: public ones by name, conversations by their two people.

use std::ops::Bound;

use candid::Principal;
use chat_api::{MessageNumber, RoomId, RoomKind, RoomsAfter, Visibility};
use ic_stable_structures::{Memory, StableBTreeMap, StableCell};
use serde::{Deserialize, Serialize};

use super::{Folded, Record, Records, Set};

/// A room.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomRecord {
    pub name: String,
    pub topic: String,
    pub kind: RoomKind,
    pub owner: Option<Principal>,
    /// How many members it has.
    pub members: u32,
    /// How many people are banned from it.
    pub banned: u32,
    /// The number of the oldest message that is kept.
    pub first: MessageNumber,
    /// The number of the next message.
    pub next: MessageNumber,
    /// How many bytes its messages have.
    pub bytes: u64,
}

impl Record for RoomRecord {}

impl RoomRecord {
    /// A room with nobody and nothing in it.
    pub fn new(name: String, topic: String, kind: RoomKind) -> Self {
        Self {
            name,
            topic,
            kind,
            owner: None,
            members: 0,
            banned: 0,
            first: 0,
            next: 0,
            bytes: 0,
        }
    }

    pub fn is_direct(&self) -> bool {
        self.kind == RoomKind::Direct
    }

    pub fn is_public(&self) -> bool {
        self.kind == RoomKind::Group(Visibility::Public)
    }

    fn listing(&self, room: RoomId) -> Option<(Folded, RoomId)> {
        self.is_public().then(|| (Folded::new(&self.name), room))
    }
}

pub(crate) struct Rooms<M: Memory> {
    rooms: Records<RoomId, RoomRecord, M>,
    listed: Set<(Folded, RoomId), M>,
    pairs: StableBTreeMap<(Principal, Principal), RoomId, M>,
    deserted: Set<RoomId, M>,
    next: StableCell<RoomId, M>,
}

impl<M: Memory> Rooms<M> {
    pub fn open(rooms: M, listed: M, pairs: M, deserted: M, next: M) -> Self {
        let rooms = Records::open(rooms);
        Self {
            // Before this was remembered, no room was ever removed.
            next: StableCell::init(next, rooms.len()),
            rooms,
            listed: Set::init(listed),
            pairs: StableBTreeMap::init(pairs),
            deserted: Set::init(deserted),
        }
    }

    pub fn len(&self) -> u64 {
        self.rooms.len()
    }

    pub fn get(&self, room: RoomId) -> Option<RoomRecord> {
        self.rooms.get(&room)
    }

    /// Adds a room under an id that none has had.
    pub fn add(&mut self, record: &RoomRecord) -> RoomId {
        let room = *self.next.get();
        self.next.set(room + 1);
        if let Some(listing) = record.listing(room) {
            self.listed.insert(listing, ());
        }
        self.rooms.set(room, record);
        room
    }

    pub fn set(&mut self, room: RoomId, record: &RoomRecord) {
        let listing = record.listing(room);
        let former = self.rooms.replace(room, record);
        let former = former.and_then(|former| former.listing(room));
        if listing != former {
            if let Some(former) = former {
                self.listed.remove(&former);
            }
            if let Some(listing) = listing {
                self.listed.insert(listing, ());
            }
        }
    }

    /// Changes a room that is there.
    pub fn update(&mut self, room: RoomId, change: impl FnOnce(&mut RoomRecord)) {
        if let Some(mut record) = self.get(room) {
            change(&mut record);
            self.set(room, &record);
        }
    }

    /// Removes a room that nothing is left of.
    pub fn remove(&mut self, room: RoomId) {
        let former = self.rooms.remove(&room);
        if let Some(listing) = former.and_then(|former| former.listing(room)) {
            self.listed.remove(&listing);
        }
        self.deserted.remove(&room);
    }

    /// Public rooms whose names begin so, ordered by name, after the one given.
    pub fn listed(
        &self,
        prefix: &str,
        after: Option<RoomsAfter>,
    ) -> impl Iterator<Item = (Folded, RoomId)> {
        let prefix = Folded::new(prefix);
        let start = match after {
            Some(after) => Bound::Excluded((Folded::new(&after.name), after.room)),
            None => Bound::Included((prefix.clone(), 0)),
        };
        self.listed
            .keys_range((start, Bound::Unbounded))
            .take_while(move |(name, _)| name.starts_with(&prefix))
    }

    /// Notes that what a room has is nobody's any more.
    pub fn desert(&mut self, room: RoomId) {
        self.deserted.insert(room, ());
    }

    /// One of the rooms of which this was noted.
    pub fn deserted(&self) -> Option<RoomId> {
        self.deserted.first_key_value().map(|(room, ())| room)
    }

    /// The conversation of two people.
    pub fn conversation(&self, one: Principal, other: Principal) -> Option<RoomId> {
        self.pairs.get(&(one.min(other), one.max(other)))
    }

    pub fn set_conversation(&mut self, one: Principal, other: Principal, room: RoomId) {
        self.pairs.insert((one.min(other), one.max(other)), room);
    }
}
