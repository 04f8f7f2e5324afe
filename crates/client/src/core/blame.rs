//! Which call a connection has ended for. What cannot be delivered must not end one connection after the other, and hold
//! up everything behind it.

use crate::close_reason::{CallKind, CloseReason};

/// How much is held against a message, or the greeting.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Blame(u8);

impl Blame {
    /// The canister has refused it, as is certified. The first time may be for the connection's sake.
    pub const REFUSED: Self = Self(5);
    /// The connection ended, as it may do without any fault of the call. Ten times in a row, with the waits between, the
    /// fault is hardly another's.
    pub const SUSPECTED: Self = Self(1);
    /// From here on, it is given up.
    const LIMIT: Self = Self(10);

    /// Adds `more`, and says whether that is too much.
    pub fn add(&mut self, more: Self) -> bool {
        self.0 = self.0.saturating_add(more.0);
        self.0 >= Self::LIMIT.0
    }
}

/// What is held against which call, when a connection ends for `reason` on which `first_under_way` was not settled yet.
/// `was_stable` if the connection lasted.
pub(super) fn blame(
    reason: &CloseReason,
    first_under_way: CallKind,
    was_stable: bool,
) -> Option<(CallKind, Blame)> {
    match reason {
        CloseReason::Refused { call, .. } => Some((*call, Blame::REFUSED)),
        CloseReason::Rejected { call, .. } => Some((*call, Blame::SUSPECTED)),
        CloseReason::AckTimeout { .. } => Some((first_under_way, Blame::SUSPECTED)),
        // What was sent in vain begins the next connection: it does not end one that lasts.
        CloseReason::ClosedByCanister(_) | CloseReason::ClosedByGateway(_) if !was_stable => {
            Some((first_under_way, Blame::SUSPECTED))
        }
        _ => None,
    }
}
