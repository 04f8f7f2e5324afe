//! Messages that a canister has certified, made with real keys.

use candid::Principal;
use ic_certification::{
    AsHashTree, Certificate, Delegation, HashTree, RbTree, fork, label, labeled, leaf,
};
use ic_verify_bls_signature::PrivateKey;
use ic_ws_protocol::{
    CanisterFrame, ClientKey, WebsocketMessage, cbor, message_key::WEBSOCKET_LABEL,
};
use sha2::{Digest, Sha256};

pub const NOW: u64 = 1_700_000_000_000_000_000;
pub const MINUTE: u64 = 60_000_000_000;

pub fn canister() -> Principal {
    Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 7, 1, 1])
}

pub fn other_canister() -> Principal {
    Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 9, 1, 1])
}

pub fn key(number: u8) -> PrivateKey {
    let mut scalar = [0; 32];
    scalar[31] = number;
    PrivateKey::deserialize(&scalar).unwrap()
}

pub fn der(key: &PrivateKey) -> Vec<u8> {
    let prefix = "308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c05030201036100";
    [
        hex::decode(prefix).unwrap(),
        key.public_key().serialize().to_vec(),
    ]
    .concat()
}

pub fn sign(tree: HashTree, key: &PrivateKey, delegation: Option<Delegation>) -> Vec<u8> {
    let message = [&b"\x0dic-state-root"[..], &tree.digest()].concat();
    let signature = key.sign(&message).serialize().to_vec();
    cbor::to_vec(&Certificate {
        tree,
        signature,
        delegation,
    })
    .unwrap()
}

pub fn leb128(value: u64) -> Vec<u8> {
    let mut bytes = vec![];
    leb128::write::unsigned(&mut bytes, value).unwrap();
    bytes
}

pub fn state(certified_data: &[u8], time: u64) -> HashTree {
    fork(
        label(
            "canister",
            label(
                canister().as_slice(),
                label("certified_data", leaf(certified_data)),
            ),
        ),
        label("time", leaf(leb128(time))),
    )
}

/// How a subnet's canister ranges stand in the certificate that the root subnet gave it.
pub enum Ranges {
    Sharded,
    Flat,
}

pub fn delegation(
    root: &PrivateKey,
    subnet_key: &PrivateKey,
    holds: Principal,
    shape: Ranges,
) -> Delegation {
    let subnet = Principal::self_authenticating(der(subnet_key));
    let ranges = cbor::to_vec(&vec![(holds, holds)]).unwrap();
    let public_key = label("public_key", leaf(der(subnet_key)));
    let tree = match shape {
        Ranges::Sharded => fork(
            label(
                "canister_ranges",
                label(subnet.as_slice(), label(holds.as_slice(), leaf(ranges))),
            ),
            label("subnet", label(subnet.as_slice(), public_key)),
        ),
        Ranges::Flat => label(
            "subnet",
            label(
                subnet.as_slice(),
                fork(label("canister_ranges", leaf(ranges)), public_key),
            ),
        ),
    };
    Delegation {
        subnet_id: subnet.as_slice().to_vec(),
        certificate: sign(tree, root, None),
    }
}

pub fn message(sequence_num: u64) -> WebsocketMessage {
    WebsocketMessage {
        client_key: ClientKey {
            client_principal: canister(),
            client_nonce: 1,
        },
        sequence_num,
        timestamp: NOW,
        is_service_message: false,
        content: b"hello".to_vec(),
    }
}

/// A frame with message 1 of a canister whose queue holds three.
pub fn frame_at(time: u64, signer: &PrivateKey, delegation: Option<Delegation>) -> CanisterFrame {
    let key = |n: u64| format!("gateway_{n:020}");
    let mut tree: RbTree<String, ic_certification::Hash> = RbTree::new();
    for n in 0..3 {
        tree.insert(key(n), Sha256::digest(message(n).to_cbor().unwrap()).into());
    }
    let certified_data = ic_certification::labeled_hash(WEBSOCKET_LABEL, &tree.root_hash());
    let witness = labeled(WEBSOCKET_LABEL, tree.witness(key(1).as_bytes()));
    CanisterFrame {
        key: key(1),
        content: message(1).to_cbor().unwrap(),
        cert: sign(state(&certified_data, time), signer, delegation),
        tree: cbor::to_vec(&witness).unwrap(),
    }
}

pub fn good_frame() -> CanisterFrame {
    frame_at(NOW, &key(1), None)
}
