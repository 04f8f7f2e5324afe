//! What was changed about a canister, by whom, for `canister_info`.

use std::collections::VecDeque;

use ic_management_canister_types::{Change, ChangeDetails, ChangeOrigin};
use serde::{Deserialize, Serialize};

/// Changes kept; the specification guarantees as many.
const MAX_CHANGES: usize = 20;

/// The newest changes of a canister.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ChangeHistory {
    total: u64,
    newest: VecDeque<Change>,
}

impl ChangeHistory {
    /// Adds a change; the oldest one makes room.
    pub fn record(
        &mut self,
        timestamp_nanos: u64,
        canister_version: u64,
        origin: ChangeOrigin,
        details: ChangeDetails,
    ) {
        if self.newest.len() == MAX_CHANGES {
            self.newest.pop_front();
        }
        self.total += 1;
        self.newest.push_back(Change {
            timestamp_nanos,
            canister_version,
            origin,
            details: Some(details),
        });
    }

    /// The number of changes ever made.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// At most `count` of the newest changes, oldest first.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &Change> {
        let skipped = self.newest.len().saturating_sub(count);
        self.newest.iter().skip(skipped)
    }
}
