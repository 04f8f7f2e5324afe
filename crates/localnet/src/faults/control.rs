//! The test API as tests in the same process use it.

use std::{fmt, sync::Arc, time::Duration};

use super::{Faults, FaultsError, injector::Injector};

/// The furthest that the clock may be moved in one step.
const MAX_STEP: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Moves a network's clock and makes it misbehave, within what the real one may do.
///
/// # Time
/// The clock of the network goes as the machine's does, ahead of it by as much as it was moved. Everything on the
/// network follows: timers, the time that canisters see, certificates, the expiry of requests, and how long faults
/// take. It never goes back, and over a restart with the test API neither: it goes on from where it was.
///
/// Clients have the machine's time, and that bounds how far the clock can be moved, in all its steps together, before a
/// network with real clients becomes unusable:
///
/// - A request that expires before the network's time is refused. `ic-agent` gives its requests 3 minutes, rounded down
///   to the full minute: it works with a clock that is less than 2 minutes ahead. With 4 minutes, as many other clients
///   give, it may be almost 4 minutes ahead.
/// - A certificate of the future is fine for `ic-agent`; `ic-certificate-verification` and what is built upon it refuse
///   one that is more than 5 minutes ahead, or as much behind (`ic-agent`: 3 minutes behind).
///
/// A test that needs more starts with [a clock that is behind](super::TestApi::clock_behind): from 2.5 minutes behind to
/// 3.5 ahead there are 6 minutes. Requests that expire late by the network's time then need
/// [`IngressLimits::clock_drift_ns`](crate::IngressLimits::clock_drift_ns) raised by as much.
#[derive(Clone)]
pub struct TestControl(Arc<Injector>);

/// Why the clock was not moved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// A step that long is a mistake.
    #[error("{0:?} is too far; the clock moves at most {MAX_STEP:?} at once")]
    TooFar(Duration),
}

impl TestControl {
    pub(crate) fn new(injector: Arc<Injector>) -> Self {
        Self(injector)
    }

    /// The network's time, in nanoseconds since the epoch.
    pub fn now_ns(&self) -> u64 {
        self.0.now_ns()
    }

    /// Moves the clock forward, and waits until the network has published a state of the new time: timers that have
    /// become due have been queued, and executed unless they take long. It does not wait if the network has stopped.
    /// Gives the new time, in nanoseconds since the epoch.
    ///
    /// # Errors
    /// If the step is longer than 366 days.
    pub async fn advance(&self, by: Duration) -> Result<u64, ClockError> {
        if by > MAX_STEP {
            return Err(ClockError::TooFar(by));
        }
        Ok(self.0.advance(by).await)
    }

    /// The faults as they are now: [`Rule::times`](super::Rule::times) counts down.
    pub fn faults(&self) -> Faults {
        self.0.faults()
    }

    /// Replaces all faults. Whatever the ones before hold back is let go: calls that wait are executed, and the newest
    /// state is seen, unless the new faults want otherwise.
    ///
    /// # Errors
    /// If a value is out of range; then nothing changes.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultsError> {
        self.0.set_faults(faults)
    }
}

impl fmt::Debug for TestControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestControl").field(&self.faults()).finish()
    }
}
