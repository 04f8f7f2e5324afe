//! What page and canister say to each other.

use candid::{CandidType, Deserialize, Principal};

/// The longest text of a notification, in characters.
pub const MAX_TEXT_CHARS: usize = 280;

/// What somebody is told.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Counted over all notifications.
    pub number: u64,
    /// Who sent it.
    pub from: Principal,
    /// Whom it is for; everybody, if nobody.
    pub to: Option<Principal>,
    /// What it says.
    pub text: String,
    /// When the canister got it, in nanoseconds since 1970.
    pub at: u64,
}

/// Any message. What a page says may come twice, and is carried out once.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// From the page: notify somebody, or everybody, under an id chosen at random.
    Notify(u64, Option<Principal>, String),
    /// From the page: everything up to this number is read. From the canister: on whichever device.
    Read(u64),
    /// From the canister, first on each connection: the latest notifications, in the order of their numbers, and up to which
    /// number they are read.
    Inbox(Vec<Notification>, u64),
    /// From the canister: one more.
    New(Notification),
    /// From the canister: why the last message was not carried out.
    Refused(String),
}
