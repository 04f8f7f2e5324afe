//! What the application is told of its conversation.

use std::time::Duration;

use candid::Principal;
use ic_ws_protocol::ClientKey;

use crate::close_reason::CloseReason;

/// What happened in a [`Conversation`](super::Conversation).
#[derive(Debug, PartialEq, Eq)]
pub enum ConversationEvent {
    /// The canister has opened a connection.
    Opened {
        /// The name of the connection.
        client_key: ClientKey,
        /// Who relays it.
        gateway: Principal,
        /// Whether there was another one before: what the canister sent in between is lost.
        reopened: bool,
    },
    /// The canister sent a message: the application's Candid.
    Message(Vec<u8>),
    /// The canister has received all messages up to this one, counted from 1.
    Acknowledged {
        /// The number of the last message.
        up_to: u64,
    },
    /// The canister has refused a message, or connections ended with it again and again. It is not sent once more.
    Refused {
        /// The number of the message.
        number: u64,
        /// The canister's reason, or that of the last connection's end.
        reason: String,
    },
    /// A connection is over, or did not come about. The next attempt is the conversation's
    /// [`next_attempt`](super::Conversation::next_attempt).
    Reconnecting {
        /// Why it is over.
        reason: CloseReason,
        /// The URL of the gateway to try next.
        gateway: String,
        /// How many attempts this makes since the last stable connection.
        attempt: u32,
        /// How long to wait before it.
        wait: Duration,
    },
}
