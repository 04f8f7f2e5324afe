//! How polling one canister goes: whether its clients may still hope for its messages, and what the status page tells.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The latest polls of a canister.
#[derive(Debug, Default)]
pub(crate) struct Polling(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    succeeded: Option<Instant>,
    failure: Option<Failure>,
}

/// Polls have failed since then, without one that succeeded.
#[derive(Debug)]
struct Failure {
    since: Instant,
    /// Why the latest one did.
    error: String,
}

impl Polling {
    /// A poll has succeeded. Gives back whether the one before had failed.
    pub(crate) fn succeeded(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.succeeded = Some(now);
        state.failure.take().is_some()
    }

    /// A poll has failed. Gives back how long all have, and that is no time for the first one.
    pub(crate) fn failed(&self, error: String, now: Instant) -> Duration {
        let mut state = self.state();
        let before = state.failure.take();
        let since = before.map_or(now, |failure| failure.since);
        state.failure = Some(Failure { since, error });
        now.saturating_duration_since(since)
    }

    /// How long ago the latest successful poll was.
    pub(crate) fn since_success(&self) -> Option<Duration> {
        self.state().succeeded.map(|at| at.elapsed())
    }

    /// Why the latest poll failed, if it did.
    pub(crate) fn error(&self) -> Option<String> {
        let state = self.state();
        state.failure.as_ref().map(|failure| failure.error.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_begins_with_the_first_failure_after_a_success() {
        let polling = Polling::default();
        let start = Instant::now();
        let seconds = Duration::from_secs;
        let failed = |at| polling.failed(format!("at {at}"), start + seconds(at));
        assert_eq!(failed(40), seconds(0));
        assert_eq!(failed(43), seconds(3));
        assert_eq!(polling.error().as_deref(), Some("at 43"));
        assert!(polling.succeeded(start + seconds(50)));
        assert_eq!(polling.error(), None);
        assert!(!polling.succeeded(start + seconds(51)));
        assert_eq!(failed(90), seconds(0));
        assert_eq!(failed(91), seconds(1));
    }
}
