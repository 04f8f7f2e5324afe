//! A signed version of the state, and the certificates made from it.

use std::sync::Arc;

use candid::Principal;
use ic_certification::Certificate;
use ic_transport_types::RequestId;
use rpds::HashTrieMapSync;

use super::{
    NetworkKeys, RequestOrigin, StateTree,
    hash_map::{Selection, Tree},
    state_tree::CanisterAccess,
};
use crate::{
    cbor,
    rejection::{RejectCode, Rejection},
};

/// One version of the state, complete and signed. It never changes; cloning is cheap.
#[derive(Clone)]
pub struct CertifiedState {
    tree: Tree,
    signature: Vec<u8>,
    time_ns: u64,
    access: HashTrieMapSync<Principal, Arc<CanisterAccess>>,
    origins: HashTrieMapSync<RequestId, RequestOrigin>,
}

impl CertifiedState {
    pub(super) fn sign(tree: Tree, state: &StateTree, time_ns: u64, keys: &NetworkKeys) -> Self {
        Self {
            signature: keys.root().sign_state_root(&tree.hash()),
            tree,
            time_ns,
            access: state.access.clone(),
            origins: state.origins.clone(),
        }
    }

    /// The network's time when this version was certified, in nanoseconds since the epoch.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// The certificate that shows `/time` and everything at and below `paths` (or that it is not
    /// there), and no more: CBOR with the self-describe tag.
    pub fn certificate<L: AsRef<[u8]>>(&self, paths: &[Vec<L>]) -> Vec<u8> {
        let mut selection = Selection::none();
        selection.add(&["time"]);
        for path in paths {
            selection.add(path);
        }
        cbor::encode(&Certificate {
            tree: self.tree.witness(&selection),
            signature: self.signature.clone(),
            delegation: None,
        })
    }

    /// Whether there is such a canister.
    pub fn has_canister(&self, id: &Principal) -> bool {
        self.access.contains_key(id)
    }

    /// Whether `reader` may read `/canister/<id>/metadata/<name>`. Anyone may learn that there is no
    /// such canister or metadata.
    pub fn may_read_metadata(&self, id: &Principal, name: &str, reader: &Principal) -> bool {
        let Some(access) = self.access.get(id) else {
            return true;
        };
        !access
            .private_metadata
            .iter()
            .any(|private| private == name)
            || access.controllers.contains(reader)
    }

    /// The canister's metadata of this name, whoever may read it.
    pub fn metadata(&self, id: &Principal, name: &str) -> Option<&[u8]> {
        let path = [b"canister", id.as_slice(), b"metadata", name.as_bytes()];
        self.tree.value(&path)
    }

    /// Where the request came from; `None` if it is not known (any more).
    pub fn request_origin(&self, id: &RequestId) -> Option<RequestOrigin> {
        self.origins.get(id).copied()
    }

    /// The request's `/request_status/<id>/status`; `None` if it is not known (any more).
    pub fn request_status(&self, id: &RequestId) -> Option<&str> {
        let status = self
            .tree
            .value(&[b"request_status".as_slice(), id.as_slice(), b"status"])?;
        std::str::from_utf8(status).ok()
    }

    /// Whether the request is known to be answered or failed.
    pub fn has_finished(&self, id: &RequestId) -> bool {
        matches!(
            self.request_status(id),
            Some("replied" | "rejected" | "done")
        )
    }

    /// The reply to the request, or its rejection; `None` if it has neither (yet, or any more).
    pub fn outcome(&self, id: &RequestId) -> Option<Result<Vec<u8>, Rejection>> {
        let request = self
            .tree
            .get(&[b"request_status".as_slice(), id.as_slice()])?;
        if let Some(reply) = request.value(&["reply"]) {
            return Some(Ok(reply.to_vec()));
        }
        let text = |leaf| {
            let bytes = request.value(&[leaf])?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        let code = *request.value(&["reject_code"])?.first()?;
        Some(Err(Rejection {
            code: RejectCode::try_from(code).ok()?,
            error_code: text("error_code")?.into(),
            message: text("reject_message")?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ic_certification::LookupResult;

    use super::*;
    use crate::{
        certification::{CanisterLeaves, Metadata, RequestStatus},
        rejection::{ErrorCode, Rejection},
    };

    const TIME: u64 = 1_700_000_000_000_000_000;

    fn alice() -> Principal {
        Principal::self_authenticating([1])
    }

    fn canister() -> Principal {
        Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 7, 1, 1])
    }

    fn origin() -> RequestOrigin {
        RequestOrigin {
            sender: alice(),
            canister_id: canister(),
            effective_id: canister(),
        }
    }

    fn request(n: u8) -> RequestId {
        RequestId::new(&[n; 32])
    }

    /// A state with one canister and the requests 0 (received), 1 (replied).
    fn state(keys: &NetworkKeys) -> StateTree {
        let mut tree = StateTree::new(keys);
        let section = |public, text: &str| Metadata {
            public,
            bytes: text.into(),
        };
        tree.set_canister(
            canister(),
            CanisterLeaves {
                certified_data: vec![9; 32],
                module_hash: Some([5; 32]),
                controllers: vec![alice()],
                metadata: BTreeMap::from([
                    ("candid:service".to_owned(), section(true, "service : {}")),
                    ("secret".to_owned(), section(false, "hidden")),
                ]),
            },
        );
        tree.set_request(request(0), origin(), &RequestStatus::Received);
        tree.set_request(request(1), origin(), &RequestStatus::Replied(vec![42]));
        tree
    }

    /// Decodes a certificate the way a client does, and checks its signature.
    fn verified(bytes: &[u8], keys: &NetworkKeys) -> Certificate {
        assert_eq!(bytes[..3], [0xd9, 0xd9, 0xf7]);
        let certificate: Certificate = cbor::decode(bytes).unwrap();
        let message = [b"\x0Dic-state-root".as_slice(), &certificate.tree.digest()].concat();
        let root_key = keys.root().public_key_raw();
        ic_verify_bls_signature::verify_bls_signature(&certificate.signature, &message, &root_key)
            .unwrap();
        certificate
    }

    fn lookup<'c>(certificate: &'c Certificate, path: &[&[u8]]) -> LookupResult<'c> {
        certificate.tree.lookup_path(path)
    }

    #[test]
    fn a_certificate_shows_time_and_what_was_asked_for() {
        let keys = NetworkKeys::generate().unwrap();
        let state = state(&keys).certify(TIME, &keys);
        let id = request(1);
        let certificate = verified(
            &state.certificate(&[
                vec![b"request_status".as_slice(), id.as_slice()],
                vec![b"canister", canister().as_slice(), b"certified_data"],
            ]),
            &keys,
        );
        let LookupResult::Found(mut time) = lookup(&certificate, &[b"time"]) else {
            panic!("no time");
        };
        let mut decoded = 0_u64;
        for (i, byte) in std::mem::take(&mut time).iter().enumerate() {
            decoded |= u64::from(byte & 0x7f) << (7 * i);
        }
        assert_eq!(decoded, TIME);
        let reply = lookup(&certificate, &[b"request_status", id.as_slice(), b"reply"]);
        assert_eq!(reply, LookupResult::Found(&[42]));
        let id = canister();
        let of_canister = |leaf: &[u8]| lookup(&certificate, &[b"canister", id.as_slice(), leaf]);
        assert_eq!(
            of_canister(b"certified_data"),
            LookupResult::Found(&[9; 32])
        );
        assert_eq!(of_canister(b"module_hash"), LookupResult::Unknown);
        let other = request(0);
        let status = lookup(
            &certificate,
            &[b"request_status", other.as_slice(), b"status"],
        );
        assert_eq!(status, LookupResult::Unknown);
    }

    #[test]
    fn what_is_not_there_is_proven_absent() {
        let keys = NetworkKeys::generate().unwrap();
        let state = state(&keys).certify(TIME, &keys);
        let (unknown, id) = (request(200), canister());
        let certificate = verified(
            &state.certificate(&[
                vec![b"request_status".as_slice(), unknown.as_slice()],
                vec![b"canister", id.as_slice(), b"metadata", b"nothing"],
            ]),
            &keys,
        );
        let path: [&[u8]; 3] = [b"request_status", unknown.as_slice(), b"status"];
        assert_eq!(lookup(&certificate, &path), LookupResult::Absent);
        let path: [&[u8]; 4] = [b"canister", id.as_slice(), b"metadata", b"nothing"];
        assert_eq!(lookup(&certificate, &path), LookupResult::Absent);
        let path: [&[u8]; 4] = [b"canister", id.as_slice(), b"metadata", b"secret"];
        assert!(!matches!(
            lookup(&certificate, &path),
            LookupResult::Found(_)
        ));
    }

    #[test]
    fn a_rejection_is_certified_with_its_codes() {
        let keys = NetworkKeys::generate().unwrap();
        let mut tree = state(&keys);
        let rejection = Rejection::new(ErrorCode::CanisterCalledTrap, "it trapped");
        let id = request(2);
        tree.set_request(id, origin(), &RequestStatus::Rejected(rejection.clone()));
        let state = tree.certify(TIME, &keys);
        assert_eq!(state.outcome(&id), Some(Err(rejection)));
        let certificate = verified(
            &state.certificate(&[vec![b"request_status".as_slice(), id.as_slice()]]),
            &keys,
        );
        let leaf = |name: &[u8]| lookup(&certificate, &[b"request_status", id.as_slice(), name]);
        assert_eq!(leaf(b"status"), LookupResult::Found(b"rejected"));
        assert_eq!(leaf(b"reject_code"), LookupResult::Found(&[5]));
        assert_eq!(leaf(b"reject_message"), LookupResult::Found(b"it trapped"));
        assert_eq!(leaf(b"error_code"), LookupResult::Found(b"IC0503"));
    }

    #[test]
    fn a_certified_state_does_not_follow_later_changes() {
        let keys = NetworkKeys::generate().unwrap();
        let mut tree = state(&keys);
        let before = tree.certify(TIME, &keys);
        tree.set_request(request(0), origin(), &RequestStatus::Done);
        tree.remove_request(&request(1));
        tree.remove_canister(&canister());
        let after = tree.certify(TIME + 1, &keys);
        assert_eq!(before.request_status(&request(0)), Some("received"));
        assert_eq!(before.request_status(&request(1)), Some("replied"));
        assert_eq!(before.outcome(&request(1)), Some(Ok(vec![42])));
        assert_eq!(before.outcome(&request(0)), None);
        assert!(before.has_canister(&canister()));
        assert_eq!(after.request_status(&request(0)), Some("done"));
        assert_eq!(after.request_status(&request(1)), None);
        assert_eq!(after.request_origin(&request(1)), None);
        assert!(!after.has_canister(&canister()));
    }

    #[test]
    fn private_metadata_is_for_controllers() {
        let keys = NetworkKeys::generate().unwrap();
        let state = state(&keys).certify(TIME, &keys);
        let stranger = Principal::anonymous();
        let may =
            |name: &str, reader: &Principal| state.may_read_metadata(&canister(), name, reader);
        assert!(may("secret", &alice()));
        assert!(!may("secret", &stranger));
        assert!(may("candid:service", &stranger));
        assert!(may("nothing", &stranger));
    }

    #[test]
    fn the_subnet_is_described_in_both_shapes() {
        let keys = NetworkKeys::generate().unwrap();
        let state = state(&keys).certify(TIME, &keys);
        let certificate = verified(
            &state.certificate(&[vec!["subnet"], vec!["canister_ranges"]]),
            &keys,
        );
        let (subnet, node) = (keys.subnet_id(), keys.node_id());
        let root_key = keys.root_public_key_der();
        assert_eq!(root_key.len(), 133);
        assert_eq!(
            lookup(&certificate, &[b"subnet", subnet.as_slice(), b"public_key"]),
            LookupResult::Found(&root_key)
        );
        let node_key = keys.node().public_key_der();
        assert_eq!(
            lookup(
                &certificate,
                &[
                    b"subnet",
                    subnet.as_slice(),
                    b"node",
                    node.as_slice(),
                    b"public_key"
                ]
            ),
            LookupResult::Found(&node_key)
        );
        let old: [&[u8]; 3] = [b"subnet", subnet.as_slice(), b"canister_ranges"];
        let first = super::super::state_tree::CANISTER_RANGE.0;
        let new: [&[u8]; 3] = [b"canister_ranges", subnet.as_slice(), &first];
        for path in [old, new] {
            let LookupResult::Found(bytes) = lookup(&certificate, &path) else {
                panic!("no ranges");
            };
            let ranges: Vec<(Principal, Principal)> = cbor::decode(bytes).unwrap();
            assert!(ranges[0].0 <= canister() && canister() <= ranges[0].1);
        }
    }
}
