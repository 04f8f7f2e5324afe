//! Cuts the witness of a poll down to what proves one message.
//!
//! A hash tree keeps its root hash when subtrees are replaced by their hashes. A canister proves all messages of
//! a poll with one witness; its recipient needs a single path of it, which is most of the bytes saved.

use ic_certification::{
    HashTree, HashTreeNode, fork,
    hash_tree::{Hash, fork_hash, label, labeled_hash, leaf, leaf_hash, pruned},
};
use ic_ws_protocol::{cbor, message_key::WEBSOCKET_LABEL};

/// The witness for all messages of one poll.
#[derive(Debug)]
pub(crate) struct Witness {
    encoded: Vec<u8>,
    root: Option<Node>,
}

/// A node of a hash tree that knows its hash, so that hashes are computed once for all messages.
#[derive(Debug)]
struct Node {
    digest: Hash,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Fork(Box<(Node, Node)>),
    Labeled(Vec<u8>, Box<Node>),
    Leaf(Vec<u8>),
    /// Nothing to be found here.
    Blank,
}

impl Witness {
    /// `encoded` is a hash tree in CBOR; anything else is passed on as it is, for the client to judge.
    pub(crate) fn new(encoded: Vec<u8>) -> Self {
        let root = cbor::from_slice::<HashTree>(&encoded)
            .ok()
            .map(|tree| Node::new(tree.into()));
        Self { encoded, root }
    }

    /// As it came, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.encoded.len()
    }

    /// The witness for the message `key` alone; the whole one if it does not hold that message.
    pub(crate) fn for_key(&self, key: &str) -> Vec<u8> {
        self.root
            .as_ref()
            .and_then(|root| root.prune(&[WEBSOCKET_LABEL, key.as_bytes()]))
            .and_then(|tree| cbor::to_vec(&tree).ok())
            .unwrap_or_else(|| self.encoded.clone())
    }
}

impl Node {
    fn new(node: HashTreeNode) -> Self {
        match node {
            HashTreeNode::Fork(children) => {
                let (left, right) = (Self::new(children.0), Self::new(children.1));
                Self {
                    digest: fork_hash(&left.digest, &right.digest),
                    kind: Kind::Fork(Box::new((left, right))),
                }
            }
            HashTreeNode::Labeled(name, child) => {
                let child = Self::new(*child);
                Self {
                    digest: labeled_hash(name.as_bytes(), &child.digest),
                    kind: Kind::Labeled(name.as_bytes().to_vec(), Box::new(child)),
                }
            }
            HashTreeNode::Leaf(value) => Self {
                digest: leaf_hash(&value),
                kind: Kind::Leaf(value),
            },
            HashTreeNode::Empty() | HashTreeNode::Pruned(_) => Self {
                digest: node.digest(),
                kind: Kind::Blank,
            },
        }
    }

    /// The tree with only the leaf at `path` in it; nothing if there is none.
    fn prune(&self, path: &[&[u8]]) -> Option<HashTree> {
        match (&self.kind, path) {
            (Kind::Leaf(value), []) => Some(leaf(value.clone())),
            (Kind::Labeled(name, child), [first, rest @ ..]) if name == first => {
                Some(label(name.as_slice(), child.prune(rest)?))
            }
            (Kind::Fork(children), [_, ..]) => {
                let (left, right) = &**children;
                match left.prune(path) {
                    Some(kept) => Some(fork(kept, pruned(right.digest))),
                    None => Some(fork(pruned(left.digest), right.prune(path)?)),
                }
            }
            _ => None,
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
            b"garbage"
        );
    }
}
