//! The hash tree of one queue, to which messages are added behind and from which they go in front.
//!
//! A node of level `k` and index `i` stands for the nonces from `i << k` to before `(i + 1) << k`. It is there once the
//! queue has reached all of them, and until none is left. The nodes without a parent, the peaks, are joined one after
//! the other by the spine. Of the nonces 1 to 6:
//!
//! ```text
//! spine             ┌──────┴──────┐
//!             ┌─────┴─────┐       │
//! level 2   1..=3         │       │
//!          ┌──┴──┐        │       │
//! level 1  1   2..=3    4..=5     │
//!          │   ┌─┴─┐    ┌─┴─┐     │
//! level 0  1   2   3    4   5     6
//! ```
//!
//! So a new message costs a few hashes, however many there are: its own, that of one completed node on average, and the
//! spine above it.

use std::{collections::VecDeque, ops::Range};

use candid::Principal;
use ic_certification::{
    Hash, HashTree, fork, fork_hash, labeled, labeled_hash, leaf, leaf_hash, pruned,
};

use super::join;

pub(super) struct QueueTree {
    /// What the labels of all its messages begin with.
    label_prefix: String,
    /// The nonce of the first message, and the one after the last.
    nonces: Range<u64>,
    /// The hash of each message's content: what its leaf holds.
    contents: VecDeque<Hash>,
    /// The hashes of the nodes of each level, from index `nonces.start >> level` on. Those in front are of use only
    /// after an update, if messages have gone.
    levels: Vec<VecDeque<Hash>>,
    /// As of the last update.
    spine: Vec<Peak>,
    is_updated: bool,
    has_new_front: bool,
}

#[derive(Clone, Copy)]
struct Peak {
    level: usize,
    hash: Hash,
    /// The hash of this peak and all before it together.
    joined: Hash,
}

impl QueueTree {
    pub fn new(gateway: Principal) -> Self {
        Self {
            label_prefix: format!("{gateway}_"),
            nonces: 0..0,
            contents: VecDeque::new(),
            levels: Vec::new(),
            spine: Vec::new(),
            is_updated: true,
            has_new_front: false,
        }
    }

    pub fn label_prefix(&self) -> &str {
        &self.label_prefix
    }

    /// Adds a message. Unless there is none, its nonce is the one after the last.
    pub fn push(&mut self, nonce: u64, content: Hash) {
        if self.nonces.is_empty() {
            self.nonces = nonce..nonce;
            self.levels.clear();
        }
        self.nonces.end += 1;
        self.contents.push_back(content);
        self.is_updated = false;

        let mut hash = labeled_hash(self.label(nonce).as_bytes(), &leaf_hash(&content));
        let mut index = nonce;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(VecDeque::new());
            }
            self.levels[level].push_back(hash);
            if index.is_multiple_of(2) {
                break;
            }
            index /= 2;
            match self.hash_children(level + 1, index) {
                Some(parent) => hash = parent,
                None => break,
            }
        }
    }

    /// Removes the messages before `nonce`.
    pub fn remove_before(&mut self, nonce: u64) {
        let before = self.nonces.start;
        let start = nonce.clamp(before, self.nonces.end);
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            remove_first(nodes, (start >> level) - (before >> level));
        }
        self.levels.retain(|nodes| !nodes.is_empty());
        remove_first(&mut self.contents, start - before);
        self.nonces.start = start;
        self.is_updated = false;
        self.has_new_front = true;
    }

    /// Brings the hashes up to date with the messages; `false` if they were.
    pub fn update(&mut self) -> bool {
        if self.is_updated {
            return false;
        }
        self.is_updated = true;
        if std::mem::take(&mut self.has_new_front) {
            self.update_front();
        }
        self.update_spine();
        true
    }

    /// The hash of all messages, as of the last update.
    pub fn root_hash(&self) -> Option<Hash> {
        self.spine.last().map(|peak| peak.joined)
    }

    /// Shows the contents of `nonces`, as of the last update.
    pub fn witness(&self, nonces: &Range<u64>) -> Option<HashTree> {
        let mut tree = None;
        for peak in &self.spine {
            let end = self.nonces.end >> peak.level << peak.level;
            tree = if end <= nonces.start {
                Some(pruned(peak.joined))
            } else {
                let index = (end >> peak.level) - 1;
                join(tree, self.witness_below(peak.level, index, nonces), fork)
            };
        }
        tree
    }

    /// The nodes in front have lost some of what is below them.
    fn update_front(&mut self) {
        for level in 1..self.levels.len() {
            if let Some(hash) = self.hash_children(level, self.nonces.start >> level) {
                self.levels[level][0] = hash;
            }
        }
    }

    /// Keeps what is joined of the peaks that are still the same.
    fn update_spine(&mut self) {
        let mut length = 0;
        for (level, nodes) in self.levels.iter().enumerate().rev() {
            let is_paired = (self.nonces.end >> level).is_multiple_of(2);
            let Some(&hash) = nodes.back().filter(|_| !is_paired) else {
                continue;
            };
            let known = self.spine.get(length);
            if known.is_none_or(|peak| (peak.level, peak.hash) != (level, hash)) {
                self.spine.truncate(length);
                let joined = match self.spine.last() {
                    Some(before) => fork_hash(&before.joined, &hash),
                    None => hash,
                };
                self.spine.push(Peak {
                    level,
                    hash,
                    joined,
                });
            }
            length += 1;
        }
        self.spine.truncate(length);
    }

    fn witness_below(&self, level: usize, index: u64, nonces: &Range<u64>) -> Option<HashTree> {
        let hash = self.hash(level, index)?;
        let (start, end) = (index << level, (index + 1) << level);
        if end <= nonces.start || nonces.end <= start {
            return Some(pruned(hash));
        }
        if level == 0 {
            let content = self.contents.get(self.position(0, index)?)?;
            return Some(labeled(self.label(index), leaf(*content)));
        }
        let [left, right] =
            [2 * index, 2 * index + 1].map(|below| self.witness_below(level - 1, below, nonces));
        join(left, right, fork)
    }

    /// The text of a message's key.
    pub fn label(&self, nonce: u64) -> String {
        format!("{}{nonce:020}", self.label_prefix)
    }

    fn hash(&self, level: usize, index: u64) -> Option<Hash> {
        let nodes = self.levels.get(level)?;
        nodes.get(self.position(level, index)?).copied()
    }

    fn hash_children(&self, level: usize, index: u64) -> Option<Hash> {
        let [left, right] = [2 * index, 2 * index + 1].map(|below| self.hash(level - 1, below));
        join(left, right, |left, right| fork_hash(&left, &right))
    }

    /// Where a node stands in its level.
    fn position(&self, level: usize, index: u64) -> Option<usize> {
        let position = index.checked_sub(self.nonces.start >> level)?;
        usize::try_from(position).ok()
    }
}

/// Removes the first `count` of `items`, or all there are.
fn remove_first<T>(items: &mut VecDeque<T>, count: u64) {
    let count = usize::try_from(count).map_or(items.len(), |count| count.min(items.len()));
    items.drain(..count);
}
