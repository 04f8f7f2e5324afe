//! Cuts the witness of a poll down to what proves one message.
//!
//! A hash tree keeps its root hash when subtrees are replaced by their hashes. A canister proves all messages of
//! a poll with one witness; its recipient needs a single path of it, which is most of the bytes saved.

use std::collections::HashMap;

use bytes::Bytes;
use ic_certification::{
    HashTree, HashTreeNode, fork,
    hash_tree::{Hash, fork_hash, label, labeled_hash, leaf, leaf_hash, pruned},
};
use ic_ws_protocol::{cbor, message_key::WEBSOCKET_LABEL};

/// What is parsed, in bytes: hundreds of messages. A larger witness, of a canister that returns more at once or is
/// hostile, is passed on as it is.
const MAX_PARSED: usize = 256 * 1024;

/// The witness for all messages of one poll.
#[derive(Debug)]
pub(crate) struct Witness {
    encoded: Bytes,
    /// Each with the hash of the message.
    messages: HashMap<Vec<u8>, Leaf>,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Leaf {
    value: Vec<u8>,
    /// Where it is in the tree.
    parent: Option<usize>,
}

/// A node above others, as those see it.
#[derive(Debug)]
struct Step {
    branch: Branch,
    /// The step above it.
    parent: Option<usize>,
}

#[derive(Debug)]
enum Branch {
    /// To the left one of two subtrees; the other one has this hash.
    Left(Hash),
    Right(Hash),
    Label(Vec<u8>),
}

impl Witness {
    /// `encoded` is a hash tree in CBOR; anything else is passed on as it is, for the client to judge.
    pub(crate) fn new(encoded: Vec<u8>) -> Self {
        let mut witness = Self {
            messages: HashMap::new(),
            steps: Vec::new(),
            encoded: encoded.into(),
        };
        if witness.encoded.len() <= MAX_PARSED
            && let Ok(tree) = cbor::from_slice::<HashTree>(&witness.encoded)
        {
            witness.add(tree.into(), None, &[]);
        }
        witness
    }

    /// The witness for the message `key` alone; the whole one, shared, if it does not hold that message.
    pub(crate) fn for_key(&self, key: &str) -> Bytes {
        self.messages
            .get(key.as_bytes())
            .and_then(|leaf| cbor::to_vec(&self.path(leaf)).ok())
            .map_or_else(|| self.encoded.clone(), Bytes::from)
    }

    /// The tree with only this leaf in it.
    fn path(&self, of: &Leaf) -> HashTree {
        let mut tree = leaf(of.value.clone());
        let mut above = of.parent;
        while let Some(step) = above.and_then(|parent| self.steps.get(parent)) {
            tree = match &step.branch {
                Branch::Left(right) => fork(tree, pruned(*right)),
                Branch::Right(left) => fork(pruned(*left), tree),
                Branch::Label(name) => label(name.as_slice(), tree),
            };
            above = step.parent;
        }
        tree
    }

    /// Takes in the subtree `node`, and gives back its hash, so that each is computed once for all messages. CBOR that
    /// is nested deeper than a stack allows has not been decoded.
    fn add(&mut self, node: HashTreeNode, parent: Option<usize>, labels: &[&[u8]]) -> Hash {
        match node {
            HashTreeNode::Fork(children) => {
                // The hash of the other subtree is filled in once it is known.
                let left = self.step(Branch::Left(Hash::default()), parent);
                let right = self.step(Branch::Right(Hash::default()), parent);
                let left_hash = self.add(children.0, Some(left), labels);
                let right_hash = self.add(children.1, Some(right), labels);
                self.set(left, Branch::Left(right_hash));
                self.set(right, Branch::Right(left_hash));
                fork_hash(&left_hash, &right_hash)
            }
            HashTreeNode::Labeled(name, child) => {
                let name = name.as_bytes();
                let step = self.step(Branch::Label(name.to_vec()), parent);
                let child_hash = self.add(*child, Some(step), &[labels, &[name]].concat());
                labeled_hash(name, &child_hash)
            }
            HashTreeNode::Leaf(value) => {
                let hash = leaf_hash(&value);
                if let [WEBSOCKET_LABEL, key] = labels {
                    self.messages.insert(key.to_vec(), Leaf { value, parent });
                }
                hash
            }
            HashTreeNode::Empty() | HashTreeNode::Pruned(_) => node.digest(),
        }
    }

    fn step(&mut self, branch: Branch, parent: Option<usize>) -> usize {
        self.steps.push(Step { branch, parent });
        self.steps.len() - 1
    }

    fn set(&mut self, step: usize, branch: Branch) {
        if let Some(step) = self.steps.get_mut(step) {
            step.branch = branch;
        }
    }
}

#[cfg(test)]
mod tests {
    use ic_certification::{LookupResult, RbTree, empty};

    use super::*;

    fn key(n: u64) -> String {
        format!("gateway_{n:020}")
    }

    /// A canister's witness for the messages 3 to 52 of 100.
    fn witness() -> HashTree {
        let mut messages = RbTree::<String, Vec<u8>>::new();
        for n in 0..100 {
            messages.insert(key(n), vec![n as u8; 32]);
        }
        label(
            WEBSOCKET_LABEL,
            messages.value_range(key(3).as_bytes(), key(52).as_bytes()),
        )
    }

    #[test]
    fn keeps_the_root_hash_and_the_one_message() {
        let whole = witness();
        let witness = Witness::new(cbor::to_vec(&whole).unwrap());
        for n in 3..53 {
            let key = key(n);
            let pruned: HashTree = cbor::from_slice(&witness.for_key(&key)).unwrap();
            assert_eq!(pruned.digest(), whole.digest());
            let path = [WEBSOCKET_LABEL, key.as_bytes()];
            assert_eq!(
                pruned.lookup_path(path),
                LookupResult::Found(&[n as u8; 32])
            );
            assert_eq!(pruned.list_paths().len(), 1);
        }
    }

    #[test]
    fn saves_most_of_the_bytes() {
        let encoded = cbor::to_vec(&witness()).unwrap();
        let pruned = Witness::new(encoded.clone()).for_key(&key(20));
        assert!(
            pruned.len() * 8 < encoded.len(),
            "{} of {}",
            pruned.len(),
            encoded.len()
        );
    }

    #[test]
    fn what_it_cannot_prune_is_passed_on() {
        let other = cbor::to_vec(&witness()).unwrap();
        assert_eq!(Witness::new(other.clone()).for_key(&key(99)), other);
        let blank = cbor::to_vec(&empty()).unwrap();
        assert_eq!(Witness::new(blank.clone()).for_key(&key(3)), blank);
        assert_eq!(
            Witness::new(b"garbage".to_vec()).for_key(&key(3)),
            b"garbage"[..]
        );
    }

    #[test]
    fn what_is_too_large_or_too_deep_to_parse_is_passed_on() {
        let forks = |n: usize| [&[0x83, 0x01][..]].repeat(n).concat();
        let deep = [forks(100_000), cbor::to_vec(&empty()).unwrap()].concat();
        assert_eq!(Witness::new(deep.clone()).for_key(&key(3)), deep);

        let mut messages = RbTree::<String, Vec<u8>>::new();
        for n in 0..6_000 {
            messages.insert(key(n), vec![n as u8; 32]);
        }
        let witness = messages.value_range(key(0).as_bytes(), key(6_000).as_bytes());
        let large = cbor::to_vec(&label(WEBSOCKET_LABEL, witness)).unwrap();
        assert!(large.len() > MAX_PARSED);
        let witness = Witness::new(large.clone());
        let passed_on = [3, 4].map(|n| witness.for_key(&key(n)));
        assert_eq!(passed_on[0], large);
        let addresses = passed_on.each_ref().map(|bytes| bytes.as_ptr());
        assert_eq!(addresses[0], addresses[1], "it is copied");
    }
}
