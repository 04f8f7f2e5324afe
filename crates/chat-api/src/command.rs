//! What clients send.

use candid::{CandidType, Principal};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{MessageNumber, Role, RoomId, Visibility, encoding::commands};

/// Names a command of one person, so that one that is sent again is recognised.
///
/// The canister remembers the highest number of each of a person's latest devices and does not carry out what is not above
/// it. So a client sends again over a new connection, in order, whatever is not settled, before anything new.
#[derive(
    CandidType, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct CommandId {
    /// Chosen at random by whatever numbers its commands: a page when it is loaded, or what outlives it.
    pub device: u64,
    /// Rising with each command, from 1.
    pub number: u64,
}

/// A command to be carried out exactly once.
///
/// It is settled by the [`Logged`](crate::Logged) change that carries its id, by [`Event::Done`](crate::Event::Done) where
/// nothing has changed that is logged, or by a refusal. After a disconnection, `since` says which are settled.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names it.
    pub id: CommandId,
    /// What is to be done.
    pub command: Command,
}

commands! {
    /// What a client asks of the canister. Everything but [`Command::SetProfile`] needs a profile.
    #[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
    pub enum Command {
        /// Become somebody, or change how others see one.
        SetProfile {
            /// At most [`MAX_NAME_CHARS`](crate::MAX_NAME_CHARS) characters, not blank, nothing invisible.
            name: String,
            /// As [`Person::guest`](crate::Person::guest).
            guest: bool,
            /// As [`Person::color`](crate::Person::color).
            color: u8,
        },
        /// Show an image with one's name: a still PNG or WebP of at most [`MAX_IMAGE_BYTES`](crate::MAX_IMAGE_BYTES), and
        /// [`MAX_IMAGE_SIDE`](crate::MAX_IMAGE_SIDE) pixels each way; or none.
        SetImage {
            /// The file's content.
            image: Option<ByteBuf>,
        },
        /// Make a room, and own it.
        CreateRoom {
            /// At most [`MAX_NAME_CHARS`](crate::MAX_NAME_CHARS) characters, not blank, nothing invisible.
            name: String,
            /// At most [`MAX_TOPIC_BYTES`](crate::MAX_TOPIC_BYTES) bytes.
            topic: String,
            /// Who finds it.
            visibility: Visibility,
        },
        /// Change a room. All as in [`Command::CreateRoom`].
        EditRoom {
            /// Which one.
            room: RoomId,
            /// Its name from now on.
            name: String,
            /// Its topic from now on.
            topic: String,
            /// Who finds it from now on: an owner's to change. Invitations to a room that becomes private stay if moderators
            /// gave them.
            visibility: Visibility,
        },
        /// Become a member of a public room, or of one that one is invited to. A room without an owner becomes one's own.
        Join {
            /// Which one.
            room: RoomId,
        },
        /// Leave a room, or decline the invitation to it. An owner hands over first, unless alone. A conversation is left
        /// only until something is said in it. A room that nobody is in any more is gone with all that was said in it, but
        /// for the first one while it is public.
        Leave {
            /// Which one.
            room: RoomId,
        },
        /// Let somebody into a room. After they have declined an invitation to it, or one was withdrawn, not for a day.
        Invite {
            /// Which one.
            room: RoomId,
            /// Whom.
            person: Principal,
        },
        /// Put a member out of a room, or withdraw an invitation.
        Remove {
            /// Which one.
            room: RoomId,
            /// Whom.
            person: Principal,
        },
        /// Keep somebody out of a room until further notice. A member is put out, too.
        Ban {
            /// Which one.
            room: RoomId,
            /// Whom.
            person: Principal,
        },
        /// Lift a ban.
        Unban {
            /// Which one.
            room: RoomId,
            /// Whose.
            person: Principal,
        },
        /// Make a member something else. Who makes another one the owner becomes a moderator.
        SetRole {
            /// Where.
            room: RoomId,
            /// Whom.
            person: Principal,
            /// What they are from now on.
            role: Role,
        },
        /// Get notifications from a room, or none.
        Mute {
            /// Which one.
            room: RoomId,
            /// Whether none.
            muted: bool,
        },
        /// Block somebody, or no longer. In their conversation neither of the two can say, edit or react to anything; nor
        /// can one start it, or invite the other to a room. Who has blocked somebody is not told whether they are here or
        /// typing, and not notified of them. What they say in rooms stays for all members to read.
        Block {
            /// Whom.
            person: Principal,
            /// Whether they are blocked from now on.
            blocked: bool,
        },
        /// Say something. Whoever does has read what is before, as with [`Command::Read`].
        Say {
            /// To whom.
            to: Address,
            /// Markdown, at most [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES) bytes, not blank.
            text: String,
            /// The message that it answers, in the same room.
            reply_to: Option<MessageNumber>,
            /// At most [`MAX_MENTIONS`](crate::MAX_MENTIONS) members of the room. Others are ignored.
            mentions: Vec<Principal>,
        },
        /// Put another text in the place of one's own message. Nobody is notified once more.
        Edit {
            /// Where.
            room: RoomId,
            /// Which one.
            message: MessageNumber,
            /// As in [`Command::Say`].
            text: String,
            /// As in [`Command::Say`].
            mentions: Vec<Principal>,
        },
        /// Take a message back: one's own, or as a moderator any.
        Delete {
            /// Where.
            room: RoomId,
            /// Which one.
            message: MessageNumber,
        },
        /// Put an emoji under a message, or take it away.
        React {
            /// Where.
            room: RoomId,
            /// Under which one.
            message: MessageNumber,
            /// At most [`MAX_EMOJI_BYTES`](crate::MAX_EMOJI_BYTES) bytes; one, and no text.
            emoji: String,
            /// Whether it is to be there.
            on: bool,
        },
        /// Take all messages before `up_to` for read, and the notifications about them. Markers do not go back.
        Read {
            /// Where.
            room: RoomId,
            /// The number after that of the last message read.
            up_to: MessageNumber,
        },
        /// Forget the notifications up to this one.
        ReadNotifications {
            /// The [number](crate::Notification::number) of the last one to forget.
            up_to: u64,
        },
    }
}

/// To whom something is said.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// To the members of a room.
    Room(RoomId),
    /// To one person. The first message makes the [conversation](crate::RoomKind::Direct).
    Person(Principal),
}

/// What is of no account a moment later: nobody answers it, and it is not sent again. It concerns one connection.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// This connection now shows a room, and wants its [passing](crate::Passing) events; or none.
    Look {
        /// Which one.
        room: Option<RoomId>,
    },
    /// The person is typing. To be repeated every three seconds while they are.
    Typing {
        /// Where.
        room: RoomId,
    },
}
