//! Envelopes, with signatures that were made by another implementation of the interface specification ("Authentication").

use futures::FutureExt;
use ic_transport_types::{Envelope, EnvelopeContent};
use ic_ws_client::{
    Ed25519Signer, Signer,
    signer::{Delegated, Delegation, DelegationChain, SignedDelegation},
};
use ic_ws_protocol::cbor;

use crate::model::{SECOND, START, canister_id};

const EXPIRY: u64 = START + 240 * SECOND;
const REQUEST_ID: &str = "214daa8acdacbc787ffdcbfcdb8058e5e944b9f157c0070f4cc592f8dae35b54";
const OWN_SIGNATURE: &str = "1b3e126dbee9130dad0329e38fd87b752390a08c801a0c2ffe22103a28e196b1\
                             45fea227b11f1c388af7d1af4827180de1a38bbdd18f58cd839a8a437dd02705";
const SESSION_SIGNATURE: &str = "c47576376fa46926258067cf85876bb74e124577bb865b4882438f1241acb628\
                                 fac1c8924133890c9a1fcac60ef615b5f45edfb76b83385e48d4f56442340504";
const DELEGATION_SIGNATURE: &str = "c4961243c817bc5cde89f1f5dc8978eb75899b9fae1abed43854d57c3336abbb\
                                    81e3d7f9ae772474963efb0a63267b3ef2d5626e6987940963eb3e79e49ddd0b";

fn person() -> Ed25519Signer {
    Ed25519Signer::from_raw(&[1; 32])
}

fn session() -> Ed25519Signer {
    Ed25519Signer::from_raw(&[2; 32])
}

fn call() -> EnvelopeContent {
    EnvelopeContent::Call {
        nonce: Some(vec![1, 2, 3]),
        ingress_expiry: EXPIRY,
        sender: person().principal(),
        canister_id: canister_id(),
        method_name: "ws_open".into(),
        arg: b"DIDL\0\0".to_vec(),
        sender_info: None,
    }
}

/// The envelope of [`call`].
fn envelope(signer: &impl Signer) -> Envelope<'static> {
    // No key in memory keeps one waiting.
    let bytes = signer.sign(call()).now_or_never().unwrap().unwrap();
    let envelope: Envelope<'static> = cbor::from_slice(&bytes).unwrap();
    let id = envelope.content.to_request_id();
    assert_eq!(hex(id.as_slice()), REQUEST_ID);
    assert_eq!(envelope.sender_pubkey, Some(person().public_key()));
    envelope
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_person_signs_their_own_calls() {
    let envelope = envelope(&person());
    assert_eq!(hex(&envelope.sender_sig.unwrap()), OWN_SIGNATURE);
    assert!(envelope.sender_delegation.is_none());
}

#[test]
fn a_session_signs_a_persons_calls() {
    let delegation = Delegation {
        pubkey: session().public_key(),
        expiration: EXPIRY + 1,
        targets: Some(vec![canister_id()]),
        permissions: None,
    };
    let signature = (0..DELEGATION_SIGNATURE.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&DELEGATION_SIGNATURE[at..at + 2], 16).unwrap())
        .collect();
    let chain = DelegationChain {
        public_key: person().public_key(),
        delegations: vec![SignedDelegation {
            delegation,
            signature,
        }],
    };
    assert_eq!(chain.verify(&[]), Ok(()));
    let envelope = envelope(&Delegated::new(session(), chain, START).unwrap());
    assert_eq!(hex(&envelope.sender_sig.unwrap()), SESSION_SIGNATURE);
    let delegations = envelope.sender_delegation.unwrap();
    let signatures: Vec<_> = delegations.iter().map(|one| hex(&one.signature)).collect();
    assert_eq!(signatures, [DELEGATION_SIGNATURE]);
}
