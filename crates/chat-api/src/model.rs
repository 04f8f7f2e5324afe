//! What there is in the chat.

use candid::{CandidType, Principal};
use serde::{Deserialize, Serialize};

use crate::{CommandId, MessageNumber, RoomId, Time};

/// Somebody who has a profile.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who they are.
    pub id: Principal,
    /// What they call themselves. Others may use the same name.
    pub name: String,
    /// What that looks like.
    pub look: Look,
    /// Whether they say of themselves that they have not signed in: nobody will come back under this id. A canister cannot
    /// tell a passing key from that of a person, so this is a courtesy and no proof.
    pub guest: bool,
    /// The hue of their colour, in 256 steps around the wheel.
    pub color: u8,
    /// Their image's version, different for each one they had; `None` if they have none. The query `image` has it.
    pub image: Option<u64>,
}

/// What a name looks like. Two names that have either number in common can be taken for each other: they differ only in case,
/// or in letters that look alike, such as a Latin `a` and a Cyrillic one.
///
/// The numbers are hashes of what Unicode calls a [skeleton](https://www.unicode.org/reports/tr39/#Confusable_Detection).
#[derive(CandidType, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Of the name in small letters.
    pub small: u64,
    /// Of the name as it is written, regardless of case.
    pub written: u64,
}

impl Look {
    /// Whether a name that looks like this can be taken for one that looks like that.
    pub fn is_like(&self, other: &Self) -> bool {
        self.small == other.small || self.written == other.written
    }
}

/// Whether somebody has a connection.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At least one.
    Here,
    /// None since then; 0 where that is not known, or of somebody whom the reader has blocked.
    LastSeen(Time),
}

/// What a member of a room may do rises in this order.
#[derive(
    CandidType, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord,
)]
pub enum Role {
    /// Reads, writes and reacts; in a public room invites.
    Member,
    /// Also invites, removes and bans members, deletes anyone's messages, and edits the room.
    Moderator,
    /// Also says who is what, and who finds the room. There is at most one.
    Owner,
}

/// Who finds a room.
#[derive(CandidType, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone finds, reads and joins it.
    Public,
    /// Only members and the invited know that it is there; only members read it.
    Private,
}

/// What sort of room it is.
#[derive(CandidType, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomKind {
    /// A room with a name, that people join and leave.
    Group(Visibility),
    /// The conversation of two people, or of one with themselves. Both are members for good, though not always shown it.
    Direct,
}

/// A room.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Which one.
    pub id: RoomId,
    /// Its name; empty for direct conversations.
    pub name: String,
    /// What it is about, in a line.
    pub topic: String,
    /// What sort of room it is.
    pub kind: RoomKind,
    /// How many members it has.
    pub members: u32,
    /// The number of the oldest message that is kept.
    pub first: MessageNumber,
    /// The number of the next message.
    pub next: MessageNumber,
}

/// A room, as one of its members sees it.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// The room.
    pub room: Room,
    /// What the member is.
    pub role: Role,
    /// Whether they get no notifications from it.
    pub muted: bool,
    /// The number after that of the last message they have read: `room.next - read_up_to` are unread.
    pub read_up_to: MessageNumber,
    /// The latest message; `None` if there is none.
    pub last: Option<Preview>,
    /// The other one of a direct conversation; oneself, if with oneself.
    pub partner: Option<Partner>,
}

/// The other one of a direct conversation.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Who they are.
    pub person: Person,
    /// Whether they are here.
    pub presence: Presence,
    /// The number after that of the last message they have read.
    pub read_up_to: MessageNumber,
}

/// A message in brief.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Which one.
    pub message: MessageNumber,
    /// Who wrote it.
    pub author: Person,
    /// The first [`PREVIEW_CHARS`](crate::PREVIEW_CHARS) of its text; empty if it was taken back.
    pub text: String,
    /// When the canister accepted it.
    pub at: Time,
}

/// A message.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which one.
    pub number: MessageNumber,
    /// Who wrote it.
    pub author: Principal,
    /// The author's command that said it.
    pub command: CommandId,
    /// Markdown, as it was written; empty if it was taken back.
    pub text: String,
    /// The message that it answers, which may be gone.
    pub reply_to: Option<MessageNumber>,
    /// Whom it mentions.
    pub mentions: Vec<Principal>,
    /// When the canister accepted it.
    pub at: Time,
    /// When its text was changed last.
    pub edited_at: Option<Time>,
    /// Whether it was taken back.
    pub deleted: bool,
    /// What is under it, ordered by emoji.
    pub reactions: Vec<Reaction>,
}

/// One emoji under a message.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Which one.
    pub emoji: String,
    /// How many have put it there.
    pub count: u32,
    /// A few of them.
    pub people: Vec<Principal>,
    /// Whether the reader is one of them.
    pub mine: bool,
}

/// Leave to join a room.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Which one.
    pub room: Room,
    /// Who gave it.
    pub by: Person,
    /// When.
    pub at: Time,
}

/// Something for one person, kept until they have read it.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Rising with each of a person's.
    pub number: u64,
    /// What it is.
    pub kind: NotificationKind,
    /// Where.
    pub room: RoomId,
    /// The room's name; empty for direct conversations.
    pub room_name: String,
    /// Whose doing.
    pub by: Person,
    /// When.
    pub at: Time,
}

/// What a notification is about.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum NotificationKind {
    /// Somebody mentioned the person.
    Mention {
        /// In which message.
        message: MessageNumber,
        /// The beginning of its text.
        text: String,
    },
    /// Somebody wrote to the person. There is one for each conversation, about the first message since the last was read.
    Direct {
        /// Which message.
        message: MessageNumber,
        /// The beginning of its text.
        text: String,
    },
    /// Somebody invited the person.
    Invitation,
}
