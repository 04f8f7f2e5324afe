//! A persistent hash tree: maps of labels whose every version keeps its hash, shares all unchanged
//! parts with the versions before it, and yields witnesses.
//!
//! `ic_certification::RbTree` owns its nodes, so a snapshot of it is a copy of everything. Here a
//! snapshot is one reference count, which is what lets every batch of messages have its own certified
//! state while the next one is already being built.
//!
//! A map is a crit-bit tree, the shape the specification's hash trees have anyway: values sit at the
//! bottom, and every fork splits its labels by the first bit in which they differ. The shape depends
//! only on the labels, never on history, so nothing has to be balanced. A label counts as nine bits a
//! byte, the first saying that there is a byte; that puts a label before those it is a prefix of.
//!
//! ```text
//!              Fork (bit 8)
//!             /            \
//!   Labeled "canister"    Fork (bit 4)
//!                        /            \
//!              Labeled "subnet"    Labeled "time"
//! ```

use std::{collections::BTreeMap, sync::Arc};

use ic_certification::{
    Hash, HashTree, empty, fork, fork_hash, labeled, labeled_hash, leaf, leaf_hash, pruned,
};

/// One version of a hash tree. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub enum Tree {
    /// Nothing: a map without labels.
    #[default]
    Empty,
    /// A value.
    Leaf(Arc<Leaf>),
    /// A map with at least one label.
    Map(Arc<Node>),
}

/// A value and its hash.
#[derive(Debug)]
pub struct Leaf {
    hash: Hash,
    value: Vec<u8>,
}

/// A part of a map.
#[derive(Debug)]
pub enum Node {
    Labeled {
        hash: Hash,
        label: Vec<u8>,
        child: Tree,
    },
    Fork {
        hash: Hash,
        /// The first bit in which the labels on the left (0) and right (1) differ.
        bit: usize,
        left: Arc<Node>,
        right: Arc<Node>,
    },
}

/// What a witness shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The whole subtree.
    All,
    /// These labels, or the proof that there is no such label.
    Labels(BTreeMap<Vec<u8>, Selection>),
}

impl Selection {
    /// Nothing at all.
    pub fn none() -> Self {
        Self::Labels(BTreeMap::new())
    }

    /// Adds everything at and below `path`.
    pub fn add<L: AsRef<[u8]>>(&mut self, path: &[L]) {
        let Self::Labels(labels) = self else {
            return; // a longer path below one that is shown as a whole
        };
        match path.split_first() {
            None => *self = Self::All,
            Some((label, rest)) => labels
                .entry(label.as_ref().to_vec())
                .or_insert_with(Self::none)
                .add(rest),
        }
    }
}

impl Tree {
    /// A value.
    pub fn leaf(value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        Self::Leaf(Arc::new(Leaf {
            hash: leaf_hash(&value),
            value,
        }))
    }

    /// A map of these labels.
    pub fn map<L: AsRef<[u8]>>(entries: impl IntoIterator<Item = (L, Tree)>) -> Self {
        let mut tree = Self::Empty;
        for (label, child) in entries {
            tree.insert(label.as_ref(), child);
        }
        tree
    }

    /// The root hash.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Empty => empty().digest(),
            Self::Leaf(leaf) => leaf.hash,
            Self::Map(node) => node.hash(),
        }
    }

    /// The subtree at `path`.
    pub fn get<L: AsRef<[u8]>>(&self, path: &[L]) -> Option<&Tree> {
        path.iter().try_fold(self, |tree, label| match tree {
            Self::Map(node) => node.get(label.as_ref()),
            Self::Empty | Self::Leaf(_) => None,
        })
    }

    /// The value at `path`.
    pub fn value<L: AsRef<[u8]>>(&self, path: &[L]) -> Option<&[u8]> {
        match self.get(path)? {
            Self::Leaf(leaf) => Some(&leaf.value),
            Self::Empty | Self::Map(_) => None,
        }
    }

    /// Puts `child` at `label`, replacing what was there. A leaf becomes a map.
    pub fn insert(&mut self, label: &[u8], child: Tree) {
        let new = Node::labeled(label.to_vec(), child);
        *self = Self::Map(match self {
            Self::Map(node) => {
                let fork_at = first_difference(node.nearest(label), label);
                graft(node, label, fork_at, new)
            }
            Self::Empty | Self::Leaf(_) => new,
        });
    }

    /// Removes `label`, if it is there.
    pub fn remove(&mut self, label: &[u8]) {
        if let Self::Map(node) = self
            && node.get(label).is_some()
        {
            *self = remove(node, label).map_or(Self::Empty, Self::Map);
        }
    }

    /// The part of the tree that shows `selection`, all else pruned; its digest is [`Self::hash`].
    pub fn witness(&self, selection: &Selection) -> HashTree {
        match (self, selection) {
            (Self::Empty, _) => empty(),
            (_, Selection::Labels(labels)) if labels.is_empty() => pruned(self.hash()),
            // A leaf also proves that there is nothing below it.
            (Self::Leaf(node), _) => leaf(node.value.clone()),
            (Self::Map(node), Selection::All) => node.full(),
            (Self::Map(node), Selection::Labels(labels)) => node.partial(&node.shown(labels)),
        }
    }
}

impl Node {
    fn labeled(label: Vec<u8>, child: Tree) -> Arc<Self> {
        Arc::new(Self::Labeled {
            hash: labeled_hash(&label, &child.hash()),
            label,
            child,
        })
    }

    fn fork(bit: usize, left: Arc<Self>, right: Arc<Self>) -> Arc<Self> {
        Arc::new(Self::Fork {
            hash: fork_hash(&left.hash(), &right.hash()),
            bit,
            left,
            right,
        })
    }

    fn hash(&self) -> Hash {
        match self {
            Self::Labeled { hash, .. } | Self::Fork { hash, .. } => *hash,
        }
    }

    /// The entry that agrees with `key` in every bit that is looked at on the way down.
    fn descend(&self, key: &[u8]) -> (&[u8], &Tree) {
        let mut node = self;
        loop {
            match node {
                Self::Labeled { label, child, .. } => return (label, child),
                Self::Fork {
                    bit, left, right, ..
                } => node = if has_bit(key, *bit) { right } else { left },
            }
        }
    }

    fn nearest(&self, key: &[u8]) -> &[u8] {
        self.descend(key).0
    }

    fn get(&self, key: &[u8]) -> Option<&Tree> {
        let (label, child) = self.descend(key);
        (label == key).then_some(child)
    }

    fn first_label(&self) -> &[u8] {
        self.descend(&[]).0
    }

    /// The labels right before and right after a `key` that is not in the map.
    fn neighbours(&self, key: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
        match self {
            Self::Labeled { label, .. } if label.as_slice() < key => (Some(label), None),
            Self::Labeled { label, .. } => (None, Some(label)),
            Self::Fork { left, right, .. } => {
                let first_right = right.first_label();
                if key < first_right {
                    let (before, after) = left.neighbours(key);
                    (before, after.or(Some(first_right)))
                } else {
                    right.neighbours(key)
                }
            }
        }
    }

    /// The labels a witness for `labels` has to show, in order: those that exist with what is
    /// selected below them, and for each that does not, its neighbours with nothing below them.
    fn shown<'a>(
        &'a self,
        labels: &'a BTreeMap<Vec<u8>, Selection>,
    ) -> Vec<(&'a [u8], Option<&'a Selection>)> {
        let mut shown = BTreeMap::new();
        for (label, selection) in labels {
            if self.get(label).is_some() {
                shown.insert(label.as_slice(), Some(selection));
            } else {
                let (before, after) = self.neighbours(label);
                for neighbour in before.into_iter().chain(after) {
                    shown.entry(neighbour).or_insert(None);
                }
            }
        }
        shown.into_iter().collect()
    }

    fn partial(&self, shown: &[(&[u8], Option<&Selection>)]) -> HashTree {
        let Some((_, selection)) = shown.first() else {
            return pruned(self.hash());
        };
        match self {
            Self::Labeled { label, child, .. } => labeled(
                label.as_slice(),
                match selection {
                    Some(selection) => child.witness(selection),
                    None => pruned(child.hash()),
                },
            ),
            Self::Fork {
                bit, left, right, ..
            } => {
                let (in_left, in_right) =
                    shown.split_at(shown.partition_point(|(label, _)| !has_bit(label, *bit)));
                fork(left.partial(in_left), right.partial(in_right))
            }
        }
    }

    fn full(&self) -> HashTree {
        match self {
            Self::Labeled { label, child, .. } => {
                labeled(label.as_slice(), child.witness(&Selection::All))
            }
            Self::Fork { left, right, .. } => fork(left.full(), right.full()),
        }
    }
}

/// Copies the path down to where `key` belongs and puts `new` there: in place of the entry of that
/// label, or in a new fork at the bit `fork_at`.
fn graft(node: &Arc<Node>, key: &[u8], fork_at: Option<usize>, new: Arc<Node>) -> Arc<Node> {
    match (&**node, fork_at) {
        (
            Node::Fork {
                bit, left, right, ..
            },
            _,
        ) if fork_at.is_none_or(|at| *bit < at) => {
            if has_bit(key, *bit) {
                Node::fork(*bit, left.clone(), graft(right, key, fork_at, new))
            } else {
                Node::fork(*bit, graft(left, key, fork_at, new), right.clone())
            }
        }
        (_, Some(at)) if has_bit(key, at) => Node::fork(at, node.clone(), new),
        (_, Some(at)) => Node::fork(at, new, node.clone()),
        (_, None) => new,
    }
}

/// The map without `key`, which must be in it.
fn remove(node: &Arc<Node>, key: &[u8]) -> Option<Arc<Node>> {
    match &**node {
        Node::Labeled { .. } => None,
        Node::Fork {
            bit, left, right, ..
        } => Some(if has_bit(key, *bit) {
            match remove(right, key) {
                Some(right) => Node::fork(*bit, left.clone(), right),
                None => left.clone(),
            }
        } else {
            match remove(left, key) {
                Some(left) => Node::fork(*bit, left, right.clone()),
                None => right.clone(),
            }
        }),
    }
}

fn has_bit(label: &[u8], bit: usize) -> bool {
    match (label.get(bit / 9), bit % 9) {
        (None, _) => false,
        (Some(_), 0) => true,
        (Some(byte), offset) => byte & (0x80 >> (offset - 1)) != 0,
    }
}

/// The first bit in which two labels differ; `None` if they are the same.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    match (a.get(same), b.get(same)) {
        (None, None) => None,
        (Some(a), Some(b)) => Some(same * 9 + 1 + (a ^ b).leading_zeros() as usize),
        _ => Some(same * 9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_certification::{LookupResult, SubtreeLookupResult};
    use proptest::{collection::vec, prelude::*};

    fn selection(paths: &[&[&[u8]]]) -> Selection {
        let mut selection = Selection::none();
        for path in paths {
            selection.add(path);
        }
        selection
    }

    fn build(labels: &BTreeMap<Vec<u8>, Vec<u8>>) -> Tree {
        Tree::map(
            labels
                .iter()
                .map(|(label, value)| (label, Tree::leaf(value.clone()))),
        )
    }

    /// Short labels over a small alphabet: many are prefixes of one another.
    fn label() -> impl Strategy<Value = Vec<u8>> {
        vec(
            prop_oneof![Just(0_u8), Just(1), Just(0x80), Just(255)],
            0..5,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_map_of_labels_behaves_like_a_map(
            steps in vec((label(), proptest::option::of(0_u8..4)), 0..40),
        ) {
            let mut model = BTreeMap::new();
            let mut tree = Tree::Empty;
            for (label, value) in steps {
                match value {
                    Some(value) => {
                        tree.insert(&label, Tree::leaf(vec![value]));
                        model.insert(label, vec![value]);
                    }
                    None => {
                        tree.remove(&label);
                        model.remove(&label);
                    }
                }
            }
            prop_assert_eq!(tree.hash(), build(&model).hash(), "history shows in the shape");
            let full = tree.witness(&Selection::All);
            prop_assert_eq!(full.digest(), tree.hash());
            for (label, value) in &model {
                prop_assert_eq!(tree.value(&[label]), Some(value.as_slice()));
                prop_assert_eq!(full.lookup_path([label]), LookupResult::Found(value));
            }
            let shown: Vec<_> = full.list_paths().concat();
            prop_assert_eq!(
                shown.iter().map(|label| label.as_bytes()).collect::<Vec<_>>(),
                if model.is_empty() { vec![] } else { model.keys().map(Vec::as_slice).collect() }
            );
        }

        #[test]
        fn a_witness_shows_what_was_selected_and_nothing_else(
            labels in proptest::collection::btree_map(label(), Just(b"value".to_vec()), 0..20),
            selected in vec(label(), 1..6),
            other in label(),
        ) {
            let tree = build(&labels);
            let mut selection = Selection::none();
            for label in &selected {
                selection.add(&[label]);
            }
            let witness = tree.witness(&selection);
            prop_assert_eq!(witness.digest(), tree.hash());
            for label in &selected {
                let expected = match labels.get(label) {
                    Some(value) => LookupResult::Found(value),
                    None => LookupResult::Absent,
                };
                prop_assert_eq!(witness.lookup_path([label]), expected);
            }
            if labels.contains_key(&other) && !selected.contains(&other) {
                prop_assert_eq!(witness.lookup_path([&other]), LookupResult::Unknown);
            }
        }
    }

    #[test]
    fn an_older_version_stays_as_it_was() {
        let mut tree = Tree::map([("a", Tree::leaf("1")), ("b", Tree::leaf("2"))]);
        let before = tree.clone();
        let hash = before.hash();
        tree.insert(b"c", Tree::leaf("3"));
        tree.remove(b"a");
        assert_eq!(before.hash(), hash);
        assert_eq!(before.value(&["a"]), Some(b"1".as_slice()));
        assert_eq!(before.value(&["c"]), None);
        assert_eq!(tree.value(&["a"]), None);
    }

    #[test]
    fn absence_is_proven_at_any_depth() {
        let tree = Tree::map([
            ("canister", Tree::Empty),
            ("request_status", Tree::map([([7; 32], Tree::leaf("x"))])),
            ("time", Tree::leaf([1])),
        ]);
        let witness = tree.witness(&selection(&[
            &[b"canister", b"id", b"module_hash"],
            &[b"request_status", &[9; 32], b"status"],
            &[b"time", b"nothing here"],
        ]));
        assert_eq!(witness.digest(), tree.hash());
        let absent = |path: &[&[u8]]| witness.lookup_subtree(path) == SubtreeLookupResult::Absent;
        assert!(absent(&[b"canister", b"id", b"module_hash"]));
        assert!(absent(&[b"request_status", &[9; 32], b"status"]));
        assert!(absent(&[b"time", b"nothing here"]));
    }
}
