//! Publications of the recent past, for readers who are to see an old one. None are kept unless somebody asks for it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::Published;
use crate::clock::nanos;

/// Only so many steps are told apart within the time that is kept: every state keeps the memories of its canisters, as
/// far as they have changed since.
const STEPS: u64 = 20;

/// Publications in their order; the last is the newest one.
#[derive(Default)]
pub struct Past {
    kept: VecDeque<Arc<Published>>,
    span_ns: u64,
}

/// What a reader sees, and from when on something newer.
pub struct Shown {
    /// The publication.
    pub published: Arc<Published>,
    /// The time of the publication after it, if it is not the newest.
    pub next_ns: Option<u64>,
}

impl Past {
    /// Keeps, beginning with `newest`, what it takes to show the state as it was up to `span` ago.
    pub fn keep(&mut self, span: Duration, newest: Arc<Published>) {
        self.span_ns = nanos(span);
        self.kept.clear();
        if self.span_ns > 0 {
            self.kept.push_back(newest);
        }
    }

    /// Takes note of a new publication.
    pub fn record(&mut self, published: &Arc<Published>) {
        if self.span_ns == 0 {
            return;
        }
        let time_ns = published.certified.time_ns();
        let before_last = self
            .kept
            .len()
            .checked_sub(2)
            .and_then(|i| self.kept.get(i));
        if before_last.is_some_and(|p| p.certified.time_ns() + self.span_ns / STEPS > time_ns) {
            self.kept.pop_back();
        }
        self.kept.push_back(Arc::clone(published));
        let horizon_ns = time_ns.saturating_sub(self.span_ns);
        while self
            .kept
            .get(1)
            .is_some_and(|second| second.certified.time_ns() <= horizon_ns)
        {
            self.kept.pop_front();
        }
    }

    /// The last publication that was there at `time_ns`; if that is forgotten, the oldest one that is not. `None` if
    /// nothing is kept.
    pub fn as_of(&self, time_ns: u64) -> Option<Shown> {
        let later = self
            .kept
            .partition_point(|p| p.certified.time_ns() <= time_ns)
            .max(1);
        Some(Shown {
            published: Arc::clone(self.kept.get(later - 1)?),
            next_ns: self.kept.get(later).map(|next| next.certified.time_ns()),
        })
    }
}
