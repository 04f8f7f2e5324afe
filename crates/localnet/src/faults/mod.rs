//! Time and faults for tests: what the real network may do to its users, and the local one does not do by itself.
//!
//! `Edge` is where calls come in and state goes out, and the only place that faults happen at: execution knows
//! nothing of them. Without the test API, it passes everything on.

mod control;
mod edge;
mod injector;
mod rules;

use std::time::Duration;

pub use control::{ClockError, TestControl};
pub(crate) use edge::{Age, Edge};
pub(crate) use injector::Injector;
pub use rules::{Fault, Faults, FaultsError, Order, Rule};

/// What the test API is opened with.
#[derive(Clone, Debug, Default)]
pub struct TestApi {
    /// How far the network's clock starts behind the machine's. It is not set back for this: a network with a later
    /// state goes on from there.
    pub clock_behind: Duration,
}
