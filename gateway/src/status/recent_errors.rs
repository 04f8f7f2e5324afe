//! What went wrong lately, for the status page. No client's data belongs here, as anyone may see the page.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use candid::Principal;

/// Kinds of errors that are remembered.
const CAPACITY: usize = 20;

/// Characters of a description that are kept: canisters choose what they say.
const MAX_TEXT: usize = 200;

/// The latest errors. The same one again is counted, not repeated.
#[derive(Debug, Default)]
pub(crate) struct RecentErrors(Mutex<VecDeque<RecentError>>);

/// An error, and how often it was seen since it was first remembered.
#[derive(Debug, Clone)]
pub(super) struct RecentError {
    pub(super) text: String,
    pub(super) canister: Option<Principal>,
    pub(super) at: SystemTime,
    pub(super) times: u64,
}

impl RecentErrors {
    /// Something went wrong, with that canister or with none in particular.
    pub(crate) fn add(&self, text: impl Into<String>, canister: Option<Principal>) {
        let text: String = text.into().chars().take(MAX_TEXT).collect();
        let mut errors = self.lock();
        let known = errors
            .iter()
            .position(|error| error.canister == canister && error.text == text);
        let times = match known.and_then(|index| errors.remove(index)) {
            Some(error) => error.times.saturating_add(1),
            None => 1,
        };
        errors.push_front(RecentError {
            text,
            canister,
            at: SystemTime::now(),
            times,
        });
        errors.truncate(CAPACITY);
    }

    /// Latest first.
    pub(super) fn list(&self) -> Vec<RecentError> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<RecentError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_is_counted() {
        let errors = RecentErrors::default();
        errors.add("slow", None);
        errors.add("down", Some(Principal::management_canister()));
        errors.add("slow", None);
        let list = errors.list();
        let seen: Vec<_> = list.iter().map(|e| (e.text.as_str(), e.times)).collect();
        assert_eq!(seen, [("slow", 2), ("down", 1)]);
    }

    #[test]
    fn errors_are_bounded() {
        let errors = RecentErrors::default();
        for number in 0..1_000 {
            errors.add(format!("{number} {}", "ä".repeat(10_000)), None);
        }
        let list = errors.list();
        assert_eq!(list.len(), CAPACITY);
        assert!(
            list.iter()
                .all(|error| error.text.chars().count() == MAX_TEXT)
        );
        assert!(list[0].text.starts_with("999 "));
    }
}
