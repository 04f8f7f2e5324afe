//! What the canister's queries take and answer.

use candid::{CandidType, Principal};
use serde::Deserialize;

use crate::{
    Invitation, Logged, Message, MessageNumber, Notification, Person, Presence, Role, Room, RoomId,
    RoomSummary, Time,
};

/// Why a query has no answer.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// There is no such room, or the caller may not know of it.
    NoSuchRoom,
    /// The caller may not see this.
    NotAllowed,
    /// The caller has no profile.
    NoProfile,
}

/// All that a client shows at first: the answer to `overview`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Who the caller is; `None` if they have no profile.
    pub you: Option<Person>,
    /// The rooms that they are a member of, without the conversations that they have left.
    pub rooms: Vec<RoomSummary>,
    /// The rooms that they may join.
    pub invitations: Vec<Invitation>,
    /// What they have not read, oldest first.
    pub notifications: Vec<Notification>,
    /// Whom they have blocked.
    pub blocked: Vec<Person>,
    /// The number of the latest change that this includes: where to go on by `since`.
    pub up_to: u64,
    /// The latest of these that was logged for the caller.
    pub latest: Option<ChangeId>,
    /// As [`Changes::settled`].
    pub settled: u64,
    /// As [`Changes::refused`].
    pub refused: Vec<u64>,
}

/// A change of one history of the canister. Where it goes back to a snapshot, numbers are given anew, but at other times.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeId {
    /// Its [number](Logged::number).
    pub number: u64,
    /// When it happened.
    pub at: Time,
}

impl From<&Logged> for ChangeId {
    fn from(logged: &Logged) -> Self {
        Self {
            number: logged.number,
            at: logged.at,
        }
    }
}

/// What has changed: the answer to `since`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// The next changes, oldest first.
    Changes(Changes),
    /// It is too long ago: some of the changes are not kept any more. Or it has never been: the canister has gone back to a
    /// snapshot. Start anew with `overview`.
    TooLongAgo,
}

/// Changes for one person.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Oldest first; each described as it is now.
    pub changes: Vec<Logged>,
    /// No change up to this number is missing: where to go on.
    pub up_to: u64,
    /// Of the device that was asked about, all commands up to this number are settled; 0 if it is not known.
    pub settled: u64,
    /// Which of these were refused, of the latest [`MAX_IN_FLIGHT`](crate::MAX_IN_FLIGHT) that were. The others were carried out.
    pub refused: Vec<u64>,
}

/// Which messages of a room.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The latest.
    Latest,
    /// Those right before this one.
    Before(MessageNumber),
    /// Those right after this one.
    After(MessageNumber),
    /// This one and as many before as after it.
    Around(MessageNumber),
}

/// A part of a room's history: the answer to `history`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Without gaps, oldest first.
    pub messages: Vec<Message>,
    /// Their authors.
    pub people: Vec<Person>,
    /// The number of the room's oldest message that is kept.
    pub first: MessageNumber,
    /// The number of the room's next message.
    pub next: MessageNumber,
    /// The number of the latest change that this includes.
    pub up_to: u64,
}

/// Some members of a room: the answer to `members`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// Ordered by principal.
    pub members: Vec<Member>,
    /// After whom to go on; `None` if these are the last.
    pub more_after: Option<Principal>,
}

/// A member of a room.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub person: Person,
    /// What they are.
    pub role: Role,
    /// Whether they are here.
    pub presence: Presence,
}

/// Some people: the answer to `banned` and `invited`, for moderators of the room.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PeoplePage {
    /// Ordered by principal.
    pub people: Vec<Person>,
    /// After whom to go on; `None` if these are the last.
    pub more_after: Option<Principal>,
}

/// Some public rooms: the answer to `find_rooms`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct FoundRooms {
    /// Ordered by name, as [`RoomsAfter`] compares them.
    pub rooms: Vec<Room>,
    /// After which one to go on; `None` if these are the last.
    pub more_after: Option<RoomsAfter>,
}

/// Where a list of rooms goes on.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct RoomsAfter {
    /// The name in lower case.
    pub name: String,
    /// Which one.
    pub room: RoomId,
}

/// A person's image: the answer to `image`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `image/png` or `image/webp`, by what the content begins with.
    pub content_type: String,
    /// The file's content.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

/// How much there is: the answer to `metrics`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// People with a profile.
    pub people: u64,
    /// Rooms, direct conversations included.
    pub rooms: u64,
    /// Memberships, of all people in all rooms.
    pub memberships: u64,
    /// Messages that are kept, in all rooms.
    pub messages: u64,
    /// Reactions to messages that are kept.
    pub reactions: u64,
    /// Changes that can be caught up with, of all audiences.
    pub changes: u64,
    /// The number of the latest change.
    pub latest: u64,
    /// Notifications that are not read.
    pub notifications: u64,
    /// Open connections.
    pub connections: u64,
    /// The size of the stable memory in bytes.
    pub stable_bytes: u64,
    /// The size of the heap in bytes.
    pub heap_bytes: u64,
    /// Events for which there was no room since the last upgrade. If they were more than [passing](crate::Passing), their
    /// recipients were disconnected, to catch up.
    pub unsent: u64,
}
