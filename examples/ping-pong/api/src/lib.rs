//! What page and canister say to each other.

use candid::{CandidType, Deserialize};

/// Any message.
#[derive(CandidType, Deserialize, Debug, PartialEq, Eq)]
pub enum Message {
    /// From the page.
    Ping(u64),
    /// From the canister: the answer to the ping of this number.
    Pong(u64),
}
