//! What the canister tells.

use candid::{CandidType, Principal};
use serde::Deserialize;

use crate::{
    CommandId, Invitation, Message, MessageNumber, Notification, Person, Presence, Role, Room,
    RoomId, RoomSummary, Time,
};

/// What the canister tells a client.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first of every connection.
    Hello {
        /// Who this person is; `None` if they never set a profile.
        you: Option<Person>,
        /// The number of the latest change, anyone's: whoever is up to date with this misses nothing.
        latest: u64,
    },
    /// Something is different from now on.
    Logged(Box<Logged>),
    /// Something is so just now.
    Passing(Passing),
    /// A command has been carried out, now or before, and nothing is different that is logged. Only to the connection it came over.
    Done {
        /// Which one.
        id: CommandId,
    },
    /// A message from somebody without a profile, an unreadable one, or a command that was refused before and was sent again,
    /// came to nothing. Only to the connection it came over.
    Refused {
        /// The request, if it was one.
        id: Option<CommandId>,
        /// Why, in words for a person.
        reason: String,
    },
}

/// A change that a client can catch up with.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Rising throughout the canister; of the numbers in between, the changes are for others.
    pub number: u64,
    /// When it happened.
    pub at: Time,
    /// Who made it.
    pub by: Principal,
    /// By which command. One command can make several changes.
    pub command: CommandId,
    /// What is different.
    pub change: Change,
}

/// What is different from now on.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// To the members of a room: somebody said something. The author has read what is before, as with [`Change::Read`].
    Said {
        /// Where.
        room: RoomId,
        /// What.
        message: Message,
        /// Who.
        author: Person,
    },
    /// To the members of a room: a message has another text.
    Edited {
        /// Where.
        room: RoomId,
        /// Which one.
        message: MessageNumber,
        /// The text now.
        text: String,
        /// Whom it mentions now.
        mentions: Vec<Principal>,
        /// When it was changed last.
        edited_at: Time,
    },
    /// To the members of a room: a message was taken back, with its text, mentions and reactions.
    Deleted {
        /// Where.
        room: RoomId,
        /// Which one.
        message: MessageNumber,
    },
    /// To the members of a room: somebody put an emoji under a message, or took it away.
    Reacted {
        /// Where.
        room: RoomId,
        /// Under which one.
        message: MessageNumber,
        /// What.
        emoji: String,
        /// How many have put it there now.
        count: u32,
        /// The first few of them.
        people: Vec<Principal>,
        /// Who did it.
        person: Principal,
        /// Whether theirs is there now.
        on: bool,
    },
    /// To the members of a room: it is like this now.
    Room(Room),
    /// To the members of a room: somebody has come, gone, or become something else.
    Member {
        /// Where.
        room: RoomId,
        /// Who.
        person: Person,
        /// What they are now; `None` if no member any more.
        role: Option<Role>,
        /// How many members there are now.
        members: u32,
    },
    /// To the devices of the reader and, in a direct conversation, those of the partner: a read marker has moved. The reader's
    /// notifications about messages before it are gone.
    Read {
        /// Where.
        room: RoomId,
        /// Whose.
        person: Principal,
        /// The number after that of the last message read.
        up_to: MessageNumber,
    },
    /// To one person: they are a member of a room, or something is about to be said in a conversation that they have left.
    /// What they know of earlier is outdated.
    Entered(RoomSummary),
    /// To one person: they are not a member of a room any more, or have left a conversation until something is said in it.
    /// They have no notifications from it.
    Exited {
        /// Which one.
        room: RoomId,
    },
    /// To one person: whether they get notifications from a room.
    Muted {
        /// Which one.
        room: RoomId,
        /// Whether not.
        muted: bool,
    },
    /// To one person: whether they have blocked somebody.
    Blocked {
        /// Whom.
        person: Person,
        /// Whether they have.
        blocked: bool,
    },
    /// To one person: they may join a room.
    Invited(Invitation),
    /// To one person: they may not any more, or have. The notification of it is gone.
    InvitationEnded {
        /// Which one.
        room: RoomId,
    },
    /// To one person: something for them. Of more than [`MAX_NOTIFICATIONS`](crate::MAX_NOTIFICATIONS) the oldest is gone.
    Notified(Notification),
    /// To one person: they have read their notifications up to this one.
    NotificationsRead {
        /// Its number.
        up_to: u64,
    },
    /// To one person: a command of theirs was not carried out.
    Refused {
        /// Why, in words for a person.
        reason: String,
    },
}

/// What is so just now. It has no number, and nobody catches up with it.
///
/// Told to connections that [look](crate::Signal::Look) at a room of that person and at most
/// [`LIVELY_MEMBERS`](crate::LIVELY_MEMBERS) members, and to partners of direct conversations, wherever they look. Nobody is
/// told whether somebody whom they have blocked is here or typing.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Passing {
    /// A person comes or goes. Also told to who has blocked or unblocked them.
    Presence {
        /// Who.
        person: Principal,
        /// Whether they are here.
        presence: Presence,
    },
    /// A person is typing.
    Typing {
        /// Where.
        room: RoomId,
        /// Who.
        person: Principal,
    },
    /// A person looks different. Also told to all of their own connections.
    Profile(Person),
}
