//! The protocol of one connection as a state machine, without I/O and without a clock.
//!
//! A [`Session`] takes the gateway's frames and the time, and gives back events and calls. The calls are not yet
//! signed, because signing may take a while: whoever drives the session signs them, and sends them in the
//! order in which they came out.
//!
//! All times are nanoseconds since 1970.

mod acks;
mod calls;
mod session;
mod verifier;

pub(crate) use calls::INGRESS_LIFETIME;
pub use session::{Session, SessionEvent};

use std::time::Duration;

/// The time `duration` after `time`.
pub(crate) fn after(time: u64, duration: Duration) -> u64 {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    time.saturating_add(nanos)
}
