//! Requests that real keys have signed, and every way in which they can be wrong.

use std::{borrow::Cow, collections::BTreeMap};

use candid::Principal;
use ic_transport_types::{
    Delegation, DelegationPermissions, Envelope, EnvelopeContent, SignedDelegation, to_request_id,
};
use p256::{
    ecdsa::{self, signature::Signer as _},
    pkcs8::EncodePublicKey,
};
use proptest::prelude::*;
use serde_cbor::{Value, value::to_value};

use super::*;
use crate::cbor;

const NOW: u64 = 1_700_000_000_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// A key of each kind that people hold.
#[derive(Clone)]
enum Key {
    Ed25519(ic_ed25519::PrivateKey),
    P256(ecdsa::SigningKey),
    Secp256k1(ic_secp256k1::PrivateKey),
}

impl Key {
    fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ic_ed25519::PrivateKey::deserialize_raw_32(&[seed; 32]))
    }

    fn of_every_kind() -> [Self; 3] {
        [
            Self::ed25519(1),
            Self::P256(ecdsa::SigningKey::from_slice(&[2; 32]).unwrap()),
            Self::Secp256k1(ic_secp256k1::PrivateKey::deserialize_sec1(&[3; 32]).unwrap()),
        ]
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.public_key().serialize_rfc8410_der(),
            Self::P256(key) => {
                let der = key.verifying_key().to_public_key_der().unwrap();
                der.as_bytes().to_vec()
            }
            Self::Secp256k1(key) => key.public_key().serialize_der(),
        }
    }

    fn principal(&self) -> Principal {
        Principal::self_authenticating(self.public())
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign_message(message).to_vec(),
            Self::P256(key) => {
                let signature: ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Secp256k1(key) => key.sign_message_with_ecdsa(message).to_vec(),
        }
    }

    fn delegate(&self, delegation: Delegation) -> SignedDelegation {
        SignedDelegation {
            signature: self.sign(&delegation.signable()),
            delegation,
        }
    }
}

fn canister() -> Principal {
    Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
}

fn call_from(sender: Principal) -> EnvelopeContent {
    EnvelopeContent::Call {
        nonce: Some(vec![7; 16]),
        ingress_expiry: NOW + 4 * MINUTE,
        sender,
        canister_id: canister(),
        method_name: "greet".into(),
        arg: b"DIDL\0\0".to_vec(),
        sender_info: None,
    }
}

fn query_from(sender: Principal) -> EnvelopeContent {
    EnvelopeContent::Query {
        nonce: None,
        ingress_expiry: NOW + 4 * MINUTE,
        sender,
        canister_id: canister(),
        method_name: "greet".into(),
        arg: vec![],
        sender_info: None,
    }
}

fn envelope(content: &EnvelopeContent, key: &Key) -> Envelope<'static> {
    Envelope {
        content: Cow::Owned(content.clone()),
        sender_pubkey: Some(key.public()),
        sender_sig: Some(key.sign(&content.to_request_id().signable())),
        sender_delegation: None,
    }
}

/// A request from `owner`, signed by `session` through `chain`.
fn delegated(
    content: &EnvelopeContent,
    owner: &[u8],
    session: &Key,
    chain: Vec<SignedDelegation>,
) -> Vec<u8> {
    Envelope {
        sender_pubkey: Some(owner.to_vec()),
        sender_delegation: Some(chain),
        ..envelope(content, session)
    }
    .encode_bytes()
}

fn delegation_to(key: &Key) -> Delegation {
    Delegation {
        pubkey: key.public(),
        expiration: NOW + MINUTE,
        targets: None,
        permissions: None,
    }
}

fn check(bytes: &[u8]) -> Result<AuthenticatedRequest, IngressError> {
    authenticate(bytes, NOW, &[0; 96], &IngressLimits::default())
}

/// SubjectPublicKeyInfo of a key whose algorithm needs no parameters: `oid` is in DER.
fn spki(oid: &[u8], key: &[u8]) -> Vec<u8> {
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = match content.len() {
            short @ 0..0x80 => vec![short as u8],
            long => [&[0x82], (long as u16).to_be_bytes().as_slice()].concat(),
        };
        [&[tag], length.as_slice(), content].concat()
    }
    let algorithm = der(0x30, &der(0x06, oid));
    let bits = der(0x03, &[&[0], key].concat());
    der(0x30, &[algorithm, bits].concat())
}

/// Checks that the request is refused, and for this reason.
macro_rules! assert_refused {
    ($bytes:expr, $reason:pat) => {
        match check(&$bytes) {
            Err($reason) => {}
            Err(other) => panic!("refused for another reason: {other}"),
            Ok(_) => panic!("accepted"),
        }
    };
}

mod canister_signatures;
mod delegations;
mod requests;
mod webauthn;
