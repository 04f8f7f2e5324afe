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

use std::{collections::HashMap, ops::Range};

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
    /// Where each queue stands: making the text of a principal to find it costs more than a hash.
    ranks: HashMap<Principal, usize>,
    /// The hashes of the queues, and above them those of each two neighbours together, up to a single one. Without any
    /// if a queue has come or gone since they were computed.
    levels: Vec<Vec<Option<Hash>>>,
}

impl MessageTree {
    /// Adds the next message of a queue, given the hash of its content.
    pub fn push(&mut self, key: MessageKey, content: Hash) {
        let rank = match self.ranks.get(&key.gateway) {
            Some(&rank) => rank,
            None => self.add_queue(key.gateway),
        };
        self.queues[rank].push(key.nonce, content);
    }

    /// Removes what stands before a message in its queue.
    pub fn remove_before(&mut self, key: MessageKey) {
        if let Some(&rank) = self.ranks.get(&key.gateway) {
            self.queues[rank].remove_before(key.nonce);
        }
    }

    /// Removes a queue.
    pub fn forget(&mut self, gateway: Principal) {
        if let Some(removed) = self.ranks.remove(&gateway) {
            self.levels.clear();
            self.queues.remove(removed);
            let behind = self.ranks.values_mut().filter(|rank| **rank > removed);
            behind.for_each(|rank| *rank -= 1);
        }
    }

    /// The text of a message's key.
    pub fn label(&self, key: MessageKey) -> String {
        match self.ranks.get(&key.gateway) {
            Some(&rank) => self.queues[rank].label(key.nonce),
            None => key.to_string(),
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
        let rank = self.ranks.get(&gateway);
        let messages = rank.and_then(|&rank| self.witness_below(top, 0, rank, &nonces));
        cbor::to_vec(&labeled(WEBSOCKET_LABEL, messages.unwrap_or_else(empty)))
    }

    /// Adds a queue without messages; tells where it stands.
    fn add_queue(&mut self, gateway: Principal) -> usize {
        self.levels.clear();
        let queue = QueueTree::new(gateway);
        let added = self
            .queues
            .partition_point(|other| other.label_prefix() < queue.label_prefix());
        let behind = self.ranks.values_mut().filter(|rank| **rank >= added);
        behind.for_each(|rank| *rank += 1);
        self.queues.insert(added, queue);
        self.ranks.insert(gateway, added);
        added
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

/// One of two parts that are there, or a fork with both.
fn join<T>(left: Option<T>, right: Option<T>, fork: impl FnOnce(T, T) -> T) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(fork(left, right)),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests;
