//! Which changes are applied, and what is to be asked to miss none: the four rules that `chat-api` states.

use chat_api::{ChangeId, Changes, Logged};

/// How many live events are held back while the page catches up. Beyond, it asks for them instead.
const MAX_HELD: usize = 1_000;

/// How far this page has followed the canister's changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// All changes up to this one are applied; nothing is known where there is none.
    up_to: Option<u64>,
    /// The latest of these that this person was told.
    seen: Option<ChangeId>,
    /// What was the latest change when the connection was opened. Without it, there is no connection.
    target: Option<u64>,
    held: Vec<Logged>,
    failures: u32,
}

/// What is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// After which change; everything, if there is none.
    pub after: Option<u64>,
    /// What was seen last.
    pub seen: Option<ChangeId>,
    /// How often this was asked in vain: longer pauses are due.
    pub failures: u32,
}

impl Sync {
    /// What is to be asked now, if anything.
    pub fn due(&self) -> Option<Inquiry> {
        let is_behind = match (self.up_to, self.target) {
            (None, _) => true,
            (Some(up_to), Some(target)) => up_to < target,
            (Some(_), None) => false,
        };
        is_behind.then_some(Inquiry {
            after: self.up_to,
            seen: self.seen,
            failures: self.failures,
        })
    }

    /// Whether the page is up to date: there is a connection, and everything before it is known.
    pub fn is_live(&self) -> bool {
        self.target.is_some() && self.due().is_none()
    }

    /// Up to which change everything is applied.
    pub fn up_to(&self) -> Option<u64> {
        self.up_to
    }

    /// The latest change that this person was told.
    pub fn seen(&self) -> Option<ChangeId> {
        self.seen
    }

    /// A connection was opened, when this was the latest change.
    pub fn opened(&mut self, latest: u64) {
        // More is known than has happened: the canister has gone back to a snapshot.
        if self.up_to > Some(latest) {
            self.too_long_ago();
        }
        self.held.clear();
        self.target = Some(latest);
        self.failures = 0;
    }

    /// The connection is lost.
    pub fn lost(&mut self) {
        self.held.clear();
        self.target = None;
    }

    /// Something live has come. Gives back what to apply now.
    pub fn live(&mut self, logged: Logged) -> Option<Logged> {
        if self.is_live() {
            return self.next(logged);
        }
        if self.held.len() >= MAX_HELD {
            self.held.clear();
            self.target = self.target.max(Some(logged.number));
        } else {
            self.held.push(logged);
        }
        None
    }

    /// Everything was asked for, and is known up to this change. Gives back what to apply after it.
    pub fn known(&mut self, up_to: u64, latest: Option<ChangeId>) -> Vec<Logged> {
        let is_progress = self.up_to < Some(up_to);
        if is_progress {
            self.up_to = Some(up_to);
            self.seen = latest;
        }
        self.answered(is_progress);
        self.release()
    }

    /// Changes were asked for. Gives back which to apply.
    pub fn caught_up(&mut self, changes: Changes) -> Vec<Logged> {
        let before = self.up_to;
        let mut fresh: Vec<_> = changes.changes;
        fresh.retain(|logged| Some(logged.number) > before);
        self.up_to = before.max(Some(changes.up_to));
        self.seen = fresh.last().map(ChangeId::from).or(self.seen);
        self.answered(self.up_to > before);
        fresh.extend(self.release());
        fresh
    }

    /// The changes that are missing are not kept any more, or the canister has gone back to a snapshot.
    pub fn too_long_ago(&mut self) {
        self.up_to = None;
        self.seen = None;
        self.failures = 0;
    }

    /// There was no answer, or none that helps: a replica that lags behind.
    pub fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    fn answered(&mut self, is_progress: bool) {
        if is_progress {
            self.failures = 0;
        } else {
            self.failed();
        }
    }

    fn release(&mut self) -> Vec<Logged> {
        if !self.is_live() {
            return Vec::new();
        }
        let held = std::mem::take(&mut self.held);
        held.into_iter()
            .filter_map(|logged| self.next(logged))
            .collect()
    }

    fn next(&mut self, logged: Logged) -> Option<Logged> {
        if Some(logged.number) <= self.up_to {
            return None;
        }
        self.up_to = Some(logged.number);
        self.seen = Some(ChangeId::from(&logged));
        Some(logged)
    }
}
