//! The protocol as state machines, without I/O and without a clock.
//!
//! A [`Session`] is one connection through one gateway: it takes the gateway's frames and the time, and gives back
//! events and calls. A [`Conversation`] is what the application sees: one session after the other, through one gateway
//! or the next, and the messages that have to survive that. The calls are not yet signed, because signing may take a
//! while: whoever drives the conversation signs them, and sends them in the order in which they came out.
//!
//! All times are nanoseconds since 1970, by the device's clock; [`NetworkTime`] is what that is for the network.

mod acks;
mod backoff;
mod blame;
mod calls;
mod clock;
mod conversation;
mod conversation_event;
mod gateways;
mod outbox;
mod session;
mod time;
mod verifier;

pub(crate) use calls::INGRESS_LIFETIME;
pub use conversation::{Attempt, Conversation};
pub use conversation_event::ConversationEvent;
pub use session::{Session, SessionEvent};
pub(crate) use time::read_by_nobody;
pub use time::{NetworkTime, TimeError, TimeRequest};

use std::time::Duration;

/// The time `duration` after `time`.
pub(crate) fn after(time: u64, duration: Duration) -> u64 {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    time.saturating_add(nanos)
}
