//! The language that the chat page and the chat canister speak: commands in, events out.
//!
//! Both travel as Candid inside WebSocket messages. One type, [`ChatMessage`], covers both directions,
//! because the WebSocket protocol publishes a single application message type per canister
//! (the second argument of `ws_message`).

use candid::{CandidType, Principal};
use serde::Deserialize;

/// The longest display name, in characters.
pub const MAX_NAME_CHARS: usize = 32;

/// The longest message text, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// The application message of the chat canister, in either direction.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ChatMessage {
    /// From a client to the canister.
    Command(Command),
    /// From the canister to a client.
    Event(Event),
}

/// What a client asks of the canister.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Enter the room under a display name. Answered with [`Event::Welcome`].
    /// Sent again over the same connection, it changes the name: everyone, the sender too, gets [`Event::Joined`].
    Join {
        /// At most [`MAX_NAME_CHARS`] characters, not blank.
        name: String,
        /// As [`Person::guest`].
        guest: bool,
    },
    /// Say something to everyone in the room.
    Say {
        /// At most [`MAX_TEXT_BYTES`] bytes, not blank.
        text: String,
    },
    /// Say something to one person only.
    Whisper {
        /// Who is to receive it.
        to: Principal,
        /// At most [`MAX_TEXT_BYTES`] bytes, not blank.
        text: String,
    },
}

/// What the canister tells a client.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The answer to a connection's first [`Command::Join`]: who is here, and what was said before.
    Welcome {
        /// The person that joined, as others see them.
        you: Person,
        /// Everyone in the room, `you` included.
        people: Vec<Person>,
        /// The latest messages that `you` may read, oldest first.
        messages: Vec<Message>,
    },
    /// Somebody entered the room, or changed their name.
    Joined(Person),
    /// Somebody's last connection is gone.
    Left(Person),
    /// Somebody said something.
    Message(Message),
    /// The canister did not carry out a command.
    Refused {
        /// Why, in words for a person.
        reason: String,
    },
}

/// Somebody in the room.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who they are.
    pub id: Principal,
    /// What they call themselves.
    pub name: String,
    /// Whether they say of themselves that they have not signed in: nobody will come back under this id. A canister cannot
    /// tell a passing key from that of a person, so this is a courtesy and no proof.
    pub guest: bool,
}

/// One message of the room's history.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the room, rising from 0 in the order in which the canister accepted messages.
    pub id: u64,
    /// Who wrote it, under the name they had at that time.
    pub author: Person,
    /// The only other reader of a direct message; `None` when it is for everyone.
    pub to: Option<Person>,
    /// The text as it was written.
    pub text: String,
    /// When the canister accepted it, in nanoseconds since 1970.
    pub at: u64,
}
