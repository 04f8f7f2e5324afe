//! Against a plain map: whatever is added and removed, each message is found in a witness of the certified root, and
//! nothing else is.

use std::collections::BTreeMap;

use ic_certification::LookupResult;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

const GATEWAYS: u8 = 5;

/// One of the queues; also the canister itself, whose text is short.
fn gateway(n: u8) -> Principal {
    match n {
        0 => Principal::management_canister(),
        n => Principal::self_authenticating([n]),
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Adds so many messages to a queue.
    Push(u8, u64),
    /// Removes so many of its oldest.
    Remove(u8, u64),
    Forget(u8),
    Certify,
}

fn step() -> impl Strategy<Value = Step> {
    let gateway = 0..GATEWAYS;
    prop_oneof![
        4 => (gateway.clone(), 1..20u64).prop_map(|(gateway, count)| Step::Push(gateway, count)),
        3 => (gateway.clone(), 1..20u64).prop_map(|(gateway, count)| Step::Remove(gateway, count)),
        1 => gateway.prop_map(Step::Forget),
        2 => Just(Step::Certify),
    ]
}

struct Model {
    tree: MessageTree,
    /// What each queue holds.
    queues: BTreeMap<u8, Range<u64>>,
    /// Where the nonces of queues begin.
    first: u64,
}

impl Model {
    fn new(first: u64) -> Self {
        Self {
            tree: MessageTree::default(),
            queues: BTreeMap::new(),
            first,
        }
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Push(n, count) => {
                let nonces = self.queues.entry(n).or_insert(self.first..self.first);
                for _ in 0..count {
                    self.tree.push(key(n, nonces.end), content(n, nonces.end));
                    nonces.end += 1;
                }
            }
            Step::Remove(n, count) => {
                let Some(nonces) = self.queues.get_mut(&n) else {
                    return;
                };
                nonces.start = (nonces.start + count).min(nonces.end);
                self.tree.remove_before(key(n, nonces.start));
            }
            Step::Forget(n) => {
                self.queues.remove(&n);
                self.tree.forget(gateway(n));
            }
            Step::Certify => {
                self.tree.certify();
            }
        }
    }

    fn witness(&self, n: u8, nonces: Range<u64>) -> HashTree {
        let witness = self.tree.witness(gateway(n), nonces).unwrap();
        cbor::from_slice(&witness).unwrap()
    }

    /// A page of the queue shows itself and nothing else.
    fn check(&mut self, n: u8, page: Range<u64>) {
        let certified = self.tree.certify();
        let witness = self.witness(n, page.clone());
        assert_eq!(witness.digest(), certified);

        let labels: Vec<_> = shown(&witness);
        let mut sorted = labels.clone();
        sorted.sort();
        assert_eq!(labels, sorted, "lookups rely on the order");
        assert_eq!(labels.len() as u64, page.end - page.start);
        for nonce in page.start.saturating_sub(1)..page.end + 1 {
            let label = key(n, nonce).to_string();
            let found = witness.lookup_path([WEBSOCKET_LABEL, label.as_bytes()]);
            let is_found = found == LookupResult::Found(&content(n, nonce));
            assert_eq!(is_found, page.contains(&nonce), "{label}");
        }
    }
}

fn key(n: u8, nonce: u64) -> MessageKey {
    MessageKey {
        gateway: gateway(n),
        nonce,
    }
}

/// The hash of a message's content.
fn content(n: u8, nonce: u64) -> Hash {
    Sha256::digest(format!("{nonce} of {n}")).into()
}

/// The labels of the messages that a witness shows, as they stand in it.
fn shown(witness: &HashTree) -> Vec<Vec<u8>> {
    let paths = witness.list_paths().into_iter();
    let labels = paths.filter_map(|path| Some(path.get(1)?.as_bytes().to_vec()));
    labels.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_proved_and_nothing_else(
        first in prop_oneof![Just(0), 0..5000u64, (u64::MAX / 2)..(u64::MAX / 2 + 100)],
        steps in prop::collection::vec(step(), 1..40),
        cuts in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let mut model = Model::new(first);
        for step in steps {
            model.apply(&step);
        }
        for (n, nonces) in model.queues.clone() {
            let length = usize::try_from(nonces.end - nonces.start).unwrap();
            if length > 0 {
                let start = nonces.start + cuts.0.index(length) as u64;
                let left = usize::try_from(nonces.end - start).unwrap();
                model.check(n, start..start + 1 + cuts.1.index(left) as u64);
                model.check(n, nonces);
            }
        }
    }
}

#[test]
fn without_messages_there_is_an_empty_tree() {
    let empty_root = labeled_hash(WEBSOCKET_LABEL, &empty().digest());
    let mut model = Model::new(7);
    assert_eq!(model.tree.certify(), empty_root);
    model.apply(&Step::Push(1, 3));
    assert_ne!(model.tree.certify(), empty_root);
    model.apply(&Step::Remove(1, 3));
    assert_eq!(model.tree.certify(), empty_root);
    assert!(shown(&model.witness(1, 7..10)).is_empty());
}

/// An absent label is proved absent where its neighbours are shown: a pruned part between them could hide it.
#[test]
fn what_is_in_order_shows_what_is_not_there() {
    let mut model = Model::new(0);
    model.apply(&Step::Push(1, 10));
    model.apply(&Step::Remove(1, 2));
    model.tree.certify();
    let witness = model.witness(1, 2..10);
    for nonce in [0, 1, 10] {
        let label = key(1, nonce).to_string();
        let result = witness.lookup_path([WEBSOCKET_LABEL, label.as_bytes()]);
        assert_eq!(result, LookupResult::Absent, "{nonce}");
    }
}

/// A deep witness would be refused by those who bound its depth.
#[test]
fn witnesses_are_shallow() {
    let mut model = Model::new(0);
    model.apply(&Step::Push(1, 8191));
    model.apply(&Step::Push(2, 1));
    model.check(1, 8190..8191);
    model.check(1, 4095..4145);
    assert!(depth(model.witness(1, 4095..4096).as_ref()) < 30);
}

fn depth(node: &ic_certification::HashTreeNode) -> usize {
    use ic_certification::hash_tree::HashTreeNode::{Fork, Labeled};
    match node {
        Fork(below) => 1 + depth(&below.0).max(depth(&below.1)),
        Labeled(_, below) => 1 + depth(below),
        _ => 1,
    }
}
