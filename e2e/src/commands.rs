//! What people in tests ask of the chat: commands, each with its number.

use std::sync::atomic::{AtomicU64, Ordering};

use candid::Principal;
use chat_api::{Address, ChatMessage, Command, CommandId, Request, RoomId, Signal};

/// The room that is there from the start, and that everybody may join.
pub const LOBBY: RoomId = 0;

/// Numbers the commands of one person's device.
#[derive(Debug)]
pub struct Device {
    id: u64,
    last: AtomicU64,
}

impl Device {
    /// A device that nobody else has.
    pub fn new() -> Self {
        Self {
            id: rand::random(),
            last: AtomicU64::new(0),
        }
    }

    /// Which one it is.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Gives a command the next number. Requests must be sent in the order in which they are made.
    pub fn request(&self, command: Command) -> Request {
        let id = CommandId {
            device: self.id,
            number: self.last.fetch_add(1, Ordering::Relaxed) + 1,
        };
        Request { id, command }
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}

/// To become somebody of this name.
pub fn introduction(name: impl Into<String>) -> Command {
    Command::SetProfile {
        name: name.into(),
        guest: false,
        color: 0,
    }
}

/// What tells the canister that one looks at a room: from then on it tells what passes there.
pub fn looking_at(room: RoomId) -> ChatMessage {
    ChatMessage::Signal(Signal::Look { room: Some(room) })
}

/// To say something in a room.
pub fn saying(room: RoomId, text: impl Into<String>) -> Command {
    saying_to(Address::Room(room), text)
}

/// To say something to one person.
pub fn whisper(to: Principal, text: impl Into<String>) -> Command {
    saying_to(Address::Person(to), text)
}

fn saying_to(to: Address, text: impl Into<String>) -> Command {
    Command::Say {
        to,
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
    }
}
