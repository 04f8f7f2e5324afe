//! How polling one canister goes, as the status page tells it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The latest polls of a canister.
#[derive(Debug, Default)]
pub(crate) struct Polling(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    succeeded: Option<Instant>,
    /// Why the latest poll failed, if it did.
    error: Option<String>,
}

impl Polling {
    pub(crate) fn succeeded(&self) {
        *self.state() = State {
            succeeded: Some(Instant::now()),
            error: None,
        };
    }

    pub(crate) fn failed(&self, error: String) {
        self.state().error = Some(error);
    }

    /// How long ago the latest successful poll was.
    pub(crate) fn since_success(&self) -> Option<Duration> {
        self.state().succeeded.map(|at| at.elapsed())
    }

    /// Why the latest poll failed, if it did.
    pub(crate) fn error(&self) -> Option<String> {
        self.state().error.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
