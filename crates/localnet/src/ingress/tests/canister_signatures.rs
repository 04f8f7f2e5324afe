//! Keys of users that a canister signs for: what identity providers hand out.

use ic_certification::{labeled, leaf};
use ic_transport_types::SenderInfo;
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::*;
use crate::certification::{CanisterLeaves, NetworkKeys, StateTree};

const SEED: &[u8] = b"a user of the identity provider";

/// A canister signature of `message` under [`SEED`], on a network with `keys`.
fn canister_signature(keys: &NetworkKeys, message: &[u8]) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct CanisterSignature {
        certificate: ByteBuf,
        tree: ic_certification::HashTree,
    }
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let tree = labeled(
        "sig",
        labeled(digest(SEED), labeled(digest(message), leaf([]))),
    );
    let mut state = StateTree::new(keys);
    state.set_canister(
        canister(),
        CanisterLeaves {
            certified_data: tree.digest().to_vec(),
            module_hash: Some([0; 32]),
            ..CanisterLeaves::default()
        },
    );
    let path: Vec<&[u8]> = vec![
        b"canister",
        &[0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
        b"certified_data",
    ];
    cbor::encode(&CanisterSignature {
        certificate: ByteBuf::from(state.certify(NOW, keys).certificate(&[path])),
        tree,
    })
}

fn public_key() -> Vec<u8> {
    let id = canister();
    let raw = [&[id.as_slice().len() as u8], id.as_slice(), SEED].concat();
    spki(&hex::decode("2b0601040183b8430102").unwrap(), &raw)
}

fn check_on(keys: &NetworkKeys, bytes: &[u8]) -> Result<AuthenticatedRequest, IngressError> {
    let root_key = keys.root().public_key_raw();
    authenticate(bytes, NOW, &root_key, &IngressLimits::default())
}

#[test]
fn a_canister_can_sign_a_delegation() {
    let keys = NetworkKeys::generate().unwrap();
    let session = Key::ed25519(2);
    let delegation = delegation_to(&session);
    let chain = vec![SignedDelegation {
        signature: canister_signature(&keys, &delegation.signable()),
        delegation,
    }];
    let content = call_from(Principal::self_authenticating(public_key()));
    let bytes = delegated(&content, &public_key(), &session, chain);
    let request = check_on(&keys, &bytes).unwrap();
    assert_eq!(request.id, content.to_request_id());

    let error = check_on(&NetworkKeys::generate().unwrap(), &bytes).unwrap_err();
    assert!(
        matches!(
            error,
            IngressError::Delegation(DelegationError::Signature {
                error: SignatureError::Canister(_),
                ..
            })
        ),
        "{error}"
    );
}

/// A query with this information about its sender, signed as a whole by the canister.
fn with_info(keys: &NetworkKeys, info: SenderInfo) -> Vec<u8> {
    let mut content = query_from(Principal::self_authenticating(public_key()));
    if let EnvelopeContent::Query { sender_info, .. } = &mut content {
        *sender_info = Some(info);
    }
    Envelope {
        sender_pubkey: Some(public_key()),
        sender_sig: Some(canister_signature(
            keys,
            &content.to_request_id().signable(),
        )),
        sender_delegation: None,
        content: Cow::Owned(content),
    }
    .encode_bytes()
}

#[test]
fn information_about_the_sender_is_signed_by_the_same_canister() {
    let keys = NetworkKeys::generate().unwrap();
    let good = SenderInfo {
        info: b"name: Alice".to_vec(),
        signer: canister().as_slice().to_vec(),
        sig: canister_signature(&keys, b"\x0Eic-sender-infoname: Alice"),
    };
    assert!(check_on(&keys, &with_info(&keys, good.clone())).is_ok());

    let mut altered = good.clone();
    altered.info = b"name: Bob".to_vec();
    let error = check_on(&keys, &with_info(&keys, altered)).unwrap_err();
    assert!(
        matches!(
            error,
            IngressError::SenderInfo(SenderInfoError::Signature(_))
        ),
        "{error}"
    );
    let mut of_another = good.clone();
    of_another.signer = vec![1];
    let error = check_on(&keys, &with_info(&keys, of_another)).unwrap_err();
    assert!(
        matches!(
            error,
            IngressError::SenderInfo(SenderInfoError::OtherSigner)
        ),
        "{error}"
    );
    for key in [Key::ed25519(1), Key::ed25519(2)] {
        let mut content = call_from(key.principal());
        if let EnvelopeContent::Call { sender_info, .. } = &mut content {
            *sender_info = Some(good.clone());
        }
        assert_refused!(
            envelope(&content, &key).encode_bytes(),
            IngressError::SenderInfo(SenderInfoError::NoCanisterKey)
        );
    }
}
