//! The state tree: all that can be certified, laid out as in the specification's chapter
//! "The system state tree".

use std::{collections::BTreeMap, sync::Arc};

use candid::Principal;
use ic_transport_types::RequestId;
use rpds::HashTrieMapSync;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{CertifiedState, NetworkKeys, hash_map::Tree};
use crate::{cbor, rejection::Rejection};

/// The ids of all canisters that can ever be: a counter of eight bytes, then 0x01 0x01.
pub(super) const CANISTER_RANGE: ([u8; 10], [u8; 10]) = (
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
    [255, 255, 255, 255, 255, 255, 255, 255, 1, 1],
);

/// What the state tree says about a canister.
#[derive(Clone, Debug, Default)]
pub struct CanisterLeaves {
    /// What the canister certified, if it did: at most 32 bytes.
    pub certified_data: Vec<u8>,
    /// SHA-256 of the installed module; `None` while the canister is empty.
    pub module_hash: Option<[u8; 32]>,
    /// Who controls the canister.
    pub controllers: Vec<Principal>,
    /// The module's `icp:public` and `icp:private` custom sections, by name.
    pub metadata: BTreeMap<String, Metadata>,
}

/// A custom section of a module.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// Whether others than the controllers may read it.
    pub public: bool,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Where a request has come from; only its sender may ask how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestOrigin {
    /// Who sent the request.
    pub sender: Principal,
    /// The canister called.
    pub canister_id: Principal,
    /// The canister or subnet id of the URL it was sent to.
    pub effective_id: Principal,
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestStatus {
    /// It waits to be executed.
    Received,
    /// It is being executed, or waits for other canisters.
    Processing,
    /// It is answered.
    Replied(#[serde(with = "serde_bytes")] Vec<u8>),
    /// It failed.
    Rejected(Rejection),
    /// It was answered or failed, long ago; how is forgotten.
    Done,
}

/// What decides who may read about a canister.
#[derive(Clone, Debug)]
pub(super) struct CanisterAccess {
    pub controllers: Vec<Principal>,
    /// Names of the metadata that only controllers may read.
    pub private_metadata: Vec<String>,
}

/// The state tree under construction. Every version shares what it did not change with the ones
/// before it, so cloning and certifying cost nothing that grows with the state.
#[derive(Clone)]
pub struct StateTree {
    canisters: Tree,
    requests: Tree,
    /// `/subnet`, and the same ranges once more in `/canister_ranges`, where newer clients look.
    subnet: Tree,
    canister_ranges: Tree,
    pub(super) access: HashTrieMapSync<Principal, Arc<CanisterAccess>>,
    pub(super) origins: HashTrieMapSync<RequestId, RequestOrigin>,
}

impl StateTree {
    /// The tree of a network without canisters.
    pub fn new(keys: &NetworkKeys) -> Self {
        let (first, last) = CANISTER_RANGE;
        let ranges = Tree::leaf(cbor::encode(&[(ByteBuf::from(first), ByteBuf::from(last))]));
        let subnet_id = keys.subnet_id();
        let node = Tree::map([("public_key", Tree::leaf(keys.node().public_key_der()))]);
        let subnet = Tree::map([
            ("public_key", Tree::leaf(keys.root_public_key_der())),
            ("canister_ranges", ranges.clone()),
            ("node", Tree::map([(keys.node_id().as_slice(), node)])),
            ("type", Tree::leaf("application")),
        ]);
        Self {
            canisters: Tree::Empty,
            requests: Tree::Empty,
            subnet: Tree::map([(subnet_id.as_slice(), subnet)]),
            canister_ranges: Tree::map([(subnet_id.as_slice(), Tree::map([(first, ranges)]))]),
            access: HashTrieMapSync::new_sync(),
            origins: HashTrieMapSync::new_sync(),
        }
    }

    /// Says what the tree holds about a canister from now on.
    pub fn set_canister(&mut self, id: Principal, leaves: CanisterLeaves) {
        let controllers = leaves
            .controllers
            .iter()
            .map(|principal| ByteBuf::from(principal.as_slice()));
        let mut canister = Tree::map([(
            "controllers",
            Tree::leaf(cbor::encode(&controllers.collect::<Vec<_>>())),
        )]);
        if let Some(hash) = leaves.module_hash {
            canister.insert(b"module_hash", Tree::leaf(hash));
            canister.insert(b"certified_data", Tree::leaf(leaves.certified_data));
            let metadata = leaves.metadata.iter();
            canister.insert(
                b"metadata",
                Tree::map(
                    metadata.map(|(name, section)| (name, Tree::leaf(section.bytes.clone()))),
                ),
            );
        }
        self.canisters.insert(id.as_slice(), canister);
        let private_metadata = leaves
            .metadata
            .into_iter()
            .filter_map(|(name, section)| (!section.public).then_some(name))
            .collect();
        let access = CanisterAccess {
            controllers: leaves.controllers,
            private_metadata,
        };
        self.access.insert_mut(id, Arc::new(access));
    }

    /// Forgets a canister.
    pub fn remove_canister(&mut self, id: &Principal) {
        self.canisters.remove(id.as_slice());
        self.access.remove_mut(id);
    }

    /// Says how far a request has come.
    pub fn set_request(&mut self, id: RequestId, origin: RequestOrigin, status: &RequestStatus) {
        self.requests.insert(id.as_slice(), request_leaves(status));
        self.origins.insert_mut(id, origin);
    }

    /// Forgets a request; once its expiry has passed, nobody may ask for it any more.
    pub fn remove_request(&mut self, id: &RequestId) {
        self.requests.remove(id.as_slice());
        self.origins.remove_mut(id);
    }

    /// The state as it is now, signed.
    pub fn certify(&self, time_ns: u64, keys: &NetworkKeys) -> CertifiedState {
        let tree = Tree::map([
            ("canister", self.canisters.clone()),
            ("canister_ranges", self.canister_ranges.clone()),
            ("request_status", self.requests.clone()),
            ("subnet", self.subnet.clone()),
            ("time", Tree::leaf(leb128(time_ns))),
        ]);
        CertifiedState::sign(tree, self, time_ns, keys)
    }
}

fn request_leaves(status: &RequestStatus) -> Tree {
    let name = match status {
        RequestStatus::Received => "received",
        RequestStatus::Processing => "processing",
        RequestStatus::Replied(_) => "replied",
        RequestStatus::Rejected(_) => "rejected",
        RequestStatus::Done => "done",
    };
    let mut leaves = Tree::map([("status", Tree::leaf(name))]);
    match status {
        RequestStatus::Received | RequestStatus::Processing | RequestStatus::Done => {}
        RequestStatus::Replied(reply) => leaves.insert(b"reply", Tree::leaf(reply.clone())),
        RequestStatus::Rejected(rejection) => {
            let code = leb128(u8::from(rejection.code).into());
            leaves.insert(b"reject_code", Tree::leaf(code));
            leaves.insert(b"reject_message", Tree::leaf(rejection.message.clone()));
            leaves.insert(b"error_code", Tree::leaf(rejection.error_code.to_string()));
        }
    }
    leaves
}

fn leb128(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10);
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_encoded_in_little_endian_base_128() {
        assert_eq!(leb128(0), [0]);
        assert_eq!(leb128(127), [0x7f]);
        assert_eq!(leb128(624_485), [0xe5, 0x8e, 0x26]);
        assert_eq!(leb128(u64::MAX).len(), 10);
    }
}
