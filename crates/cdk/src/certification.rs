//! The hash tree over all queued messages, which the canister's certified data is the root of.
//!
//! Clients look a message up by the text of its key, and find it only if those are in ascending order. So the queues
//! stand in the order of their gateways' texts, under a balanced tree; each is a tree of its own:
//!
//! ```text
//!                      "websocket"
//!                           │
//!                  ┌────────┴────────┐
//!             ┌────┴────┐            │
//!          2vxsx-…    aaaaa-…     rwlgt-…
//! ```
//!
//! All of it lives on the heap, and is built again when the canister starts. Queries cannot keep what they compute, so
//! every hash that a witness needs is there once the canister has certified.

mod queue;

use std::ops::Range;

use candid::Principal;
use ic_certification::{Hash, HashTree, empty, fork, fork_hash, labeled, labeled_hash, pruned};
use ic_ws_protocol::{
    MessageKey,
    cbor::{self, CborError},
    message_key::WEBSOCKET_LABEL,
};

use self::queue::QueueTree;

/// Maps the text of each message's key to the hash of its content.
#[derive(Default)]
pub(crate) struct MessageTree {
    /// In the order of their messages' keys.
    queues: Vec<QueueTree>,
    /// The hashes of the queues, and above them those of each two neighbours together, up to a single one. Without any
    /// if a queue has come or gone since they were computed.
    levels: Vec<Vec<Option<Hash>>>,
}

impl MessageTree {
    /// Adds the next message of a queue, given the hash of its content.
    pub fn push(&mut self, key: MessageKey, content: Hash) {
        let label_prefix = label_prefix(key.gateway);
        let rank = self.rank(&label_prefix).unwrap_or_else(|rank| {
            self.levels.clear();
            self.queues.insert(rank, QueueTree::new(label_prefix));
            rank
        });
        self.queues[rank].push(key.nonce, content);
    }

    /// Removes what stands before a message in its queue.
    pub fn remove_before(&mut self, key: MessageKey) {
        if let Ok(rank) = self.rank(&label_prefix(key.gateway)) {
            self.queues[rank].remove_before(key.nonce);
        }
    }

    /// Removes a queue.
    pub fn forget(&mut self, gateway: Principal) {
        if let Ok(rank) = self.rank(&label_prefix(gateway)) {
            self.levels.clear();
            self.queues.remove(rank);
        }
    }

    /// Computes what the canister must certify.
    pub fn certify(&mut self) -> Hash {
        self.update();
        let top = self.levels.last().and_then(|top| top.first().copied());
        let root_hash = top.flatten().unwrap_or_else(|| empty().digest());
        labeled_hash(WEBSOCKET_LABEL, &root_hash)
    }

    /// Proves the contents of the `nonces` of a queue, as of the last [`certify`](Self::certify): a CBOR hash tree.
    pub fn witness(&self, gateway: Principal, nonces: Range<u64>) -> Result<Vec<u8>, CborError> {
        let top = self.levels.len().saturating_sub(1);
        let rank = self.rank(&label_prefix(gateway)).ok();
        let messages = rank.and_then(|rank| self.witness_below(top, 0, rank, &nonces));
        cbor::to_vec(&labeled(WEBSOCKET_LABEL, messages.unwrap_or_else(empty)))
    }

    /// Where the queue stands, or would.
    fn rank(&self, label_prefix: &str) -> Result<usize, usize> {
        self.queues
            .binary_search_by(|queue| queue.label_prefix().cmp(label_prefix))
    }

    /// Brings the hashes up to date with the queues.
    fn update(&mut self) {
        let is_new = self.levels.is_empty();
        if is_new {
            let widths = std::iter::successors(Some(self.queues.len()), |width| {
                (*width > 1).then(|| width.div_ceil(2))
            });
            self.levels = widths.map(|width| vec![None; width]).collect();
        }
        let mut changed = Vec::new();
        for (rank, queue) in self.queues.iter_mut().enumerate() {
            if queue.update() || is_new {
                self.levels[0][rank] = queue.root_hash();
                changed.push(rank);
            }
        }
        for level in 1..self.levels.len() {
            changed.iter_mut().for_each(|rank| *rank /= 2);
            changed.dedup();
            for &rank in &changed {
                let [left, right] =
                    [2 * rank, 2 * rank + 1].map(|below| self.hash(level - 1, below));
                self.levels[level][rank] =
                    join(left, right, |left, right| fork_hash(&left, &right));
            }
        }
    }

    fn hash(&self, level: usize, rank: usize) -> Option<Hash> {
        self.levels.get(level)?.get(rank).copied().flatten()
    }

    /// What is below a hash, as far as it leads to the `nonces` of the queue number `wanted`.
    fn witness_below(
        &self,
        level: usize,
        rank: usize,
        wanted: usize,
        nonces: &Range<u64>,
    ) -> Option<HashTree> {
        let hash = self.hash(level, rank)?;
        if wanted >> level != rank {
            return Some(pruned(hash));
        }
        if level == 0 {
            return self.queues[rank].witness(nonces);
        }
        let [left, right] = [2 * rank, 2 * rank + 1]
            .map(|below| self.witness_below(level - 1, below, wanted, nonces));
        join(left, right, fork)
    }
}

/// What the texts of all keys of a gateway's messages begin with.
fn label_prefix(gateway: Principal) -> String {
    format!("{gateway}_")
}

/// One of two parts that are there, or a fork with both.
fn join<T>(left: Option<T>, right: Option<T>, fork: impl FnOnce(T, T) -> T) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(fork(left, right)),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests;
