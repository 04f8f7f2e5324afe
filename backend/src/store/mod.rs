//! The chat's state in stable memory: what it is made of and how it is found again. What it means is for `domain`.
//!
//! | id | structure                    | key                                | value                            |
//! |----|------------------------------|------------------------------------|----------------------------------|
//! | 0  | cell                         |                                    | version of this layout           |
//! | 1  | [`people`](People)           | principal                          | [`PersonRecord`]                 |
//! | 2  | – names                      | folded name, principal             |                                  |
//! | 3  | – images                     | principal                          | [`ImageRecord`]                  |
//! | 4  | [`rooms`](Rooms)             | room                               | [`RoomRecord`]                   |
//! | 5  | – listed                     | folded name, room                  |                                  |
//! | 6  | – pairs                      | two principals, lower first        | room                             |
//! | 7  | [`members`](Members)         | principal, room                    | [`Membership`]                   |
//! | 8  | – of rooms                   | room, principal                    |                                  |
//! | 9  | – who have connections       | room, principal                    |                                  |
//! | 10 | [`guests`](Guests): invited  | principal, room                    | [`InvitationRecord`]             |
//! | 11 | – banned                     | room, principal                    |                                  |
//! | 12 | [`messages`](Messages)       | room, message number               | [`MessageRecord`]                |
//! | 13 | [`reactions`](Reactions)     | room and message, emoji, principal |                                  |
//! | 14 | – tallies                    | room and message                   | [`Tally`](reactions::Tally)      |
//! | 15 | [`log`](Log)                 | audience, change number            | [`Entry`]                        |
//! | 16 | – extents                    | audience                           | how much of it is kept           |
//! | 17 | – latest                     |                                    | the latest change number         |
//! | 18 | [`notices`](Notices)         | principal, change number           | [`Notice`]                       |
//! | 19 | [`connections`](Connections) | client key                         | the room it looks at             |
//! | 20 | – lookers                    | room, client key                   |                                  |
//! | 21 | [`settled`](Settled)         | principal, device                  | [`Device`]                       |
//! | 22 | – by use                     | principal, time, device            |                                  |
//! | 23 | guests: invited to rooms     | room, principal                    |                                  |
//! | 24 | – ended lately               | principal, room                    | when an invitation ended         |
//! | 25 | [`volume`](Volume)           |                                    | bytes of all messages and images |
//! | 26 | rooms: deserted              | room                               |                                  |
//! | 27 | notices: of rooms            | principal, room, change number     |                                  |
//! | 28 | – counts                     | principal                          | how many they have               |
//! | 29 | [`blocks`](Blocks)           | principal, blocked principal       |                                  |
//! | 30 | – by                         | blocked principal, principal       |                                  |
//! | 31 | rooms: next                  |                                    | the id of the next room          |
//!
//! Records are in postcard, behind a byte with their version: see [`codec`]. All operations take a time that grows with the
//! logarithm of what is stored, or with what they return.

mod blocks;
mod codec;
mod connections;
mod folded;
mod guests;
mod log;
mod look;
mod members;
mod messages;
mod notices;
mod people;
mod reactions;
mod rooms;
mod settled;
mod volume;

use candid::Principal;
use chat_api::RoomId;
use ic_stable_structures::{Memory, StableBTreeMap, StableCell};
use thiserror::Error;

use self::codec::Records;
pub(crate) use self::{
    blocks::Blocks,
    codec::Record,
    connections::Connections,
    folded::Folded,
    guests::{Guests, InvitationRecord},
    log::{Audience, Entry, Log, What},
    look::look,
    members::{Members, Membership},
    messages::{MessageKey, MessageRecord, Messages},
    notices::{About, Notice, Notices},
    people::{ImageRecord, People, PersonRecord},
    reactions::Reactions,
    rooms::{RoomRecord, Rooms},
    settled::{Device, Outcome, Settled},
    volume::Volume,
};

/// The version of the layout above.
const LAYOUT_VERSION: u32 = 2;

/// The lowest principal.
const FIRST: Principal = Principal::management_canister();

type Set<K, M> = StableBTreeMap<K, (), M>;

/// All that the chat remembers.
pub(crate) struct Store<M: Memory> {
    pub people: People<M>,
    pub rooms: Rooms<M>,
    pub members: Members<M>,
    pub guests: Guests<M>,
    pub blocks: Blocks<M>,
    pub messages: Messages<M>,
    pub reactions: Reactions<M>,
    pub log: Log<M>,
    pub notices: Notices<M>,
    pub volume: Volume<M>,
    pub connections: Connections<M>,
    pub settled: Settled<M>,
}

impl<M: Memory> Store<M> {
    /// The state that the memories hold, or an empty one.
    ///
    /// # Traps
    /// If they hold one of another layout version.
    pub fn open(memory: impl Fn(u8) -> M) -> Self {
        let version = *StableCell::init(memory(0), LAYOUT_VERSION).get();
        if let Err(error) = check_layout(version) {
            ic_cdk::trap(error.to_string());
        }
        Self {
            people: People::open(memory(1), memory(2), memory(3)),
            rooms: Rooms::open(memory(4), memory(5), memory(6), memory(26), memory(31)),
            members: Members::open(memory(7), memory(8), memory(9)),
            guests: Guests::open(memory(10), memory(23), memory(11), memory(24)),
            blocks: Blocks::open(memory(29), memory(30)),
            messages: Messages::open(memory(12)),
            reactions: Reactions::open(memory(13), memory(14)),
            log: Log::open(memory(15), memory(16), memory(17)),
            notices: Notices::open(memory(18), memory(27), memory(28)),
            volume: Volume::open(memory(25)),
            connections: Connections::open(memory(19), memory(20)),
            settled: Settled::open(memory(21), memory(22)),
        }
    }

    /// Adds a message to a room, whose record is to be set afterwards.
    pub fn add_message(&mut self, id: RoomId, room: &mut RoomRecord, message: &MessageRecord) {
        self.messages.set((id, room.next), message);
        self.volume.replace(0, message.bytes());
        room.bytes += message.bytes();
        room.next += 1;
    }

    /// About how many bytes all of it takes: what people write and show, and what is kept with each of many small records.
    pub fn bytes(&self) -> u64 {
        const RECORD_BYTES: u64 = 100;
        let records = [
            self.people.len(),
            self.rooms.len(),
            self.members.len(),
            self.blocks.len(),
            self.reactions.len(),
            self.log.len(),
            self.notices.len(),
        ];
        self.volume.bytes() + RECORD_BYTES * records.iter().sum::<u64>()
    }
}

/// The state was written by a canister of another version.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "the chat in stable memory has layout version {0}, this canister reads version {LAYOUT_VERSION}"
)]
struct UnknownLayout(u32);

fn check_layout(version: u32) -> Result<(), UnknownLayout> {
    if version == LAYOUT_VERSION {
        Ok(())
    } else {
        Err(UnknownLayout(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_layout_is_refused() {
        assert_eq!(check_layout(LAYOUT_VERSION), Ok(()));
        assert_eq!(
            check_layout(1).unwrap_err().to_string(),
            "the chat in stable memory has layout version 1, this canister reads version 2"
        );
    }
}
