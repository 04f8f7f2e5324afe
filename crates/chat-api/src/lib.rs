//! The language that the chat page and the chat canister speak: requests in, events out, queries for what is there.
//!
//! Requests, signals and events travel as Candid inside WebSocket messages. One type, [`ChatMessage`], covers both
//! directions, because the WebSocket protocol publishes a single application message type per canister
//! (the second argument of `ws_message`).
//!
//! How a client stays up to date:
//! 1. Every change gets a [number](Logged::number), rising throughout the canister, and is logged for its audience: the
//!    members of a room, or one person.
//! 2. As soon as a connection is open, the canister says [`Event::Hello`] with the latest number.
//! 3. The client asks `since(up_to)` until its own `up_to` has reached that number, and applies what it gets. Meanwhile it
//!    holds back the live events of the connection. With the latest change that it has seen, the canister tells whether the
//!    client speaks of the same history; where the number is lower than `up_to`, it does not.
//! 4. Of these it then applies those with a number above `up_to`; and whatever comes from then on.
//!
//! No change is missed or seen twice that way. Changes say how something *is*, not by how much it differs, and what is
//! caught up with is described as it is at the time of asking.

mod command;
mod encoding;
mod event;
mod limits;
mod model;
mod query;

pub use command::{Address, Command, CommandId, Request, Signal};
pub use event::{Change, Event, Logged, Passing};
pub use limits::*;
pub use model::*;
pub use query::*;

use candid::CandidType;
use serde::Deserialize;

/// A room, numbered from 0 in the order in which rooms were made.
pub type RoomId = u64;

/// A message's number in its room: from 0, without gaps, in the order in which the canister accepted messages.
pub type MessageNumber = u64;

/// Nanoseconds since 1970.
pub type Time = u64;

/// The application message of the chat canister, in either direction.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ChatMessage {
    /// From a client to the canister: to be carried out exactly once.
    Request(Request),
    /// From a client to the canister: of no account a moment later.
    Signal(Signal),
    /// From the canister to a client.
    Event(Event),
}
