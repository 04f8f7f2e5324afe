//! What was said: per room, numbered without gaps.

use std::ops::Range;

use candid::Principal;
use chat_api::{CommandId, MessageNumber, RoomId, Time};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{Record, Records};

/// Where a message is found.
pub(crate) type MessageKey = (RoomId, MessageNumber);

/// A message.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageRecord {
    pub author: Principal,
    pub command: CommandId,
    pub at: Time,
    pub text: String,
    pub reply_to: Option<MessageNumber>,
    pub mentions: Vec<Principal>,
    pub edited_at: Option<Time>,
    pub deleted: bool,
}

impl Record for MessageRecord {}

impl MessageRecord {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> u64 {
        const WITHOUT_TEXT: usize = 100;
        let mentions = self.mentions.len() * Principal::MAX_LENGTH_IN_BYTES;
        (WITHOUT_TEXT + self.text.len() + mentions) as u64
    }

    /// A message that was said elsewhere, by no command.
    pub fn imported(author: Principal, at: Time, text: String) -> Self {
        Self {
            author,
            command: CommandId {
                device: 0,
                number: 0,
            },
            at,
            text,
            reply_to: None,
            mentions: Vec::new(),
            edited_at: None,
            deleted: false,
        }
    }
}

pub(crate) struct Messages<M: Memory> {
    messages: Records<MessageKey, MessageRecord, M>,
}

impl<M: Memory> Messages<M> {
    pub fn open(messages: M) -> Self {
        Self {
            messages: Records::open(messages),
        }
    }

    pub fn len(&self) -> u64 {
        self.messages.len()
    }

    pub fn get(&self, key: MessageKey) -> Option<MessageRecord> {
        self.messages.get(&key)
    }

    pub fn set(&mut self, key: MessageKey, message: &MessageRecord) {
        self.messages.set(key, message);
    }

    pub fn remove(&mut self, key: MessageKey) -> Option<MessageRecord> {
        self.messages.remove(&key)
    }

    /// The messages of a room with these numbers.
    pub fn range(
        &self,
        room: RoomId,
        numbers: Range<MessageNumber>,
    ) -> impl Iterator<Item = (MessageNumber, MessageRecord)> {
        self.messages
            .range((room, numbers.start)..(room, numbers.end))
            .map(|((_, number), message)| (number, message))
    }
}
