//! What has changed, in order, for those who were away.
//!
//! An entry says what has changed, not how it is: that is looked up when somebody asks. So entries are small, and it does
//! no harm to be told twice.

use std::borrow::Cow;

use candid::Principal;
use chat_api::{ChangeId, CommandId, RoomId, Time};
use ic_stable_structures::{Memory, StableCell, Storable, storable::Bound};
use serde::{Deserialize, Serialize};

use super::{MessageKey, Record, Records};

/// Whom a change is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Audience {
    /// The members of a room.
    Room(RoomId),
    Person(Principal),
}

impl Storable for Audience {
    const BOUND: Bound = Bound::Bounded {
        max_size: 1 + Principal::MAX_LENGTH_IN_BYTES as u32,
        is_fixed_size: false,
    };

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.into_bytes())
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Room(room) => [&[0][..], &room.to_be_bytes()].concat(),
            Self::Person(person) => [&[1][..], person.as_slice()].concat(),
        }
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        match bytes.split_first() {
            Some((0, room)) => Self::Room(u64::from_bytes(room.into())),
            Some((1, person)) => Self::Person(Principal::from_slice(person)),
            _ => ic_cdk::trap("the audience of a logged change is unreadable"),
        }
    }
}

/// A change.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub at: Time,
    pub by: Principal,
    pub command: CommandId,
    pub what: What,
}

impl Record for Entry {}

/// What has changed.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    // For a room.
    Said(MessageKey),
    Edited(MessageKey),
    Reacted(MessageKey, String),
    Room(RoomId),
    Member(RoomId, Principal),
    // For a room or a person.
    Read(RoomId, Principal),
    // For a person.
    Entered(RoomId),
    Exited(RoomId),
    Muted(RoomId),
    Invited(RoomId),
    InvitationEnded(RoomId),
    /// The notice has the change's number.
    Notified,
    NotificationsRead(u64),
    Refused(String),
    Blocked(Principal),
}

/// How much of an audience's log is kept.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
struct Extent {
    kept: u32,
    /// The number of the last change that is not kept any more; 0 if all are.
    dropped: u64,
}

impl Record for Extent {}

pub(crate) struct Log<M: Memory> {
    entries: Records<(Audience, u64), Entry, M>,
    extents: Records<Audience, Extent, M>,
    latest: StableCell<u64, M>,
}

impl<M: Memory> Log<M> {
    pub fn open(entries: M, extents: M, latest: M) -> Self {
        Self {
            entries: Records::open(entries),
            extents: Records::open(extents),
            latest: StableCell::init(latest, 0),
        }
    }

    pub fn len(&self) -> u64 {
        self.entries.len()
    }

    /// The number of the latest change of all; 0 if there is none.
    pub fn latest(&self) -> u64 {
        *self.latest.get()
    }

    /// The number that the next change will have.
    pub fn next(&self) -> u64 {
        self.latest() + 1
    }

    /// Adds a change, and drops the audience's oldest ones beyond `limit`. Returns the number of the new one.
    pub fn append(&mut self, audience: Audience, entry: &Entry, limit: u32) -> u64 {
        /// So many at a time, should the limit have become lower.
        const DROPPED_AT_ONCE: usize = 2;
        let number = self.next();
        self.latest.set(number);
        self.entries.set((audience, number), entry);

        let mut extent = self.extent(audience);
        extent.kept += 1;
        let excess = extent.kept.saturating_sub(limit) as usize;
        let oldest = self.numbers(audience).take(excess.min(DROPPED_AT_ONCE));
        for number in oldest.collect::<Vec<_>>() {
            self.entries.remove(&(audience, number));
            extent.kept -= 1;
            extent.dropped = number;
        }
        self.extents.set(audience, &extent);
        number
    }

    /// Forgets some of an audience's changes, which nobody catches up with any more. Returns how many there were.
    pub fn forget(&mut self, audience: Audience, limit: usize) -> usize {
        let numbers: Vec<_> = self.numbers(audience).take(limit).collect();
        for number in &numbers {
            self.entries.remove(&(audience, *number));
        }
        if numbers.len() < limit {
            self.extents.remove(&audience);
        }
        numbers.len()
    }

    /// The changes after a number.
    pub fn after(
        &self,
        audience: Audience,
        number: u64,
    ) -> impl DoubleEndedIterator<Item = (u64, Entry)> {
        let range = (audience, number.saturating_add(1))..=(audience, u64::MAX);
        self.entries
            .range(range)
            .map(|((_, number), entry)| (number, entry))
    }

    /// Whether that is one of the changes that are kept.
    pub fn has(&self, audience: Audience, change: ChangeId) -> bool {
        let entry = self.entries.get(&(audience, change.number));
        entry.is_some_and(|entry| entry.at == change.at)
    }

    /// The latest change.
    pub fn last(&self, audience: Audience) -> Option<ChangeId> {
        let (number, entry) = self.after(audience, 0).next_back()?;
        Some(ChangeId {
            number,
            at: entry.at,
        })
    }

    /// Whether all changes after a number are kept.
    pub fn reaches_back_to(&self, audience: Audience, number: u64) -> bool {
        self.extent(audience).dropped <= number
    }

    fn numbers(&self, audience: Audience) -> impl Iterator<Item = u64> {
        self.entries
            .keys((audience, 0)..=(audience, u64::MAX))
            .map(|(_, number)| number)
    }

    fn extent(&self, audience: Audience) -> Extent {
        self.extents.get(&audience).unwrap_or_default()
    }
}
