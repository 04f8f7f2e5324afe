//! What a gateway could do to the canister's messages, and how each is noticed.

use ic_certification::{Certificate, HashTree};
use ic_ws_client::{
    CloseReason,
    core::{Session, SessionEvent},
};
use ic_ws_protocol::{
    CanisterFrame, VerifyError, WebsocketMessage, cbor, verify::CertificateError,
};
use proptest::{prelude::*, sample::Index};
use serde::de::DeserializeOwned;

use crate::model::{Network, Peer, SECOND, START, cases, open_session};

/// An open session, and the frame of its next message.
fn next_frame() -> (Session, Peer, CanisterFrame) {
    let (session, mut peer) = open_session();
    let frame = peer.message(b"pay 10 to Alice", START);
    (session, peer, frame)
}

fn refused(session: &mut Session, frame: &CanisterFrame, now: u64) -> CloseReason {
    match session.handle_frame(&frame.encode().unwrap(), now) {
        Some(SessionEvent::Closed(reason)) => {
            assert_eq!(reason.close_code(), 4000);
            reason
        }
        other => panic!("not refused, but {other:?}"),
    }
}

/// Whether `altered` is another way to write the same `T`: CBOR has several. That alters nothing.
fn means_the_same<T: DeserializeOwned + PartialEq>(altered: &[u8], original: &[u8]) -> bool {
    cbor::from_slice::<T>(altered) == cbor::from_slice::<T>(original)
}

fn flip_bit(bytes: &mut [u8], position: Index) {
    let bit = position.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn altered_content(position: Index) {
        let (mut session, _, mut frame) = next_frame();
        flip_bit(&mut frame.content, position);
        let reason = refused(&mut session, &frame, START);
        prop_assert_eq!(reason, CloseReason::Unverified(VerifyError::ContentMismatch));
    }

    #[test]
    fn altered_certificate(position: Index) {
        let (mut session, _, mut frame) = next_frame();
        let original = frame.cert.clone();
        flip_bit(&mut frame.cert, position);
        prop_assume!(!means_the_same::<Certificate>(&frame.cert, &original));
        let reason = refused(&mut session, &frame, START);
        prop_assert!(matches!(
            reason,
            CloseReason::Unverified(VerifyError::Certificate(
                CertificateError::Malformed(_) | CertificateError::Signature
            ))
        ), "{}", reason);
    }

    #[test]
    fn altered_witness(position: Index) {
        let (mut session, _, mut frame) = next_frame();
        let original = frame.tree.clone();
        flip_bit(&mut frame.tree, position);
        prop_assume!(!means_the_same::<HashTree>(&frame.tree, &original));
        let reason = refused(&mut session, &frame, START);
        prop_assert!(matches!(
            reason,
            CloseReason::Unverified(VerifyError::MalformedWitness(_) | VerifyError::WitnessMismatch)
        ), "{}", reason);
    }

    #[test]
    fn altered_key(position: Index, bit in 0..7u8) {
        let (mut session, _, mut frame) = next_frame();
        let mut key = frame.key.into_bytes();
        let length = key.len();
        key[position.index(length)] ^= 1u8 << bit;
        frame.key = String::from_utf8(key).unwrap();
        let reason = refused(&mut session, &frame, START);
        prop_assert_eq!(
            reason,
            CloseReason::Unverified(VerifyError::KeyNotCertified(frame.key))
        );
    }
}

#[test]
fn altered_sequence_number() {
    let (mut session, peer, mut frame) = next_frame();
    let mut message = WebsocketMessage::from_cbor(&frame.content).unwrap();
    message.sequence_num ^= 1;
    frame.content = message.to_cbor().unwrap();
    let mismatch = CloseReason::Unverified(VerifyError::ContentMismatch);
    assert_eq!(refused(&mut session, &frame, START), mismatch);
    assert_eq!(peer.sent, 2);
}

#[test]
fn a_dropped_message() {
    let (mut session, mut peer, _dropped) = next_frame();
    let frame = peer.message(b"next", START);
    let gap = CloseReason::WrongSequenceNumber {
        expected: 2,
        received: 3,
    };
    assert_eq!(refused(&mut session, &frame, START), gap);
}

#[test]
fn a_repeated_message() {
    let (mut session, _, frame) = next_frame();
    session.handle_frame(&frame.encode().unwrap(), START);
    let repeated = CloseReason::WrongSequenceNumber {
        expected: 3,
        received: 2,
    };
    assert_eq!(refused(&mut session, &frame, START), repeated);
}

#[test]
fn a_message_for_another_connection() {
    let (mut session, mut peer, _) = next_frame();
    let mine = peer.client_key;
    peer.client_key.client_nonce ^= 1;
    peer.sent = 1;
    let frame = peer.message(b"not yours", START);
    let other = CloseReason::WrongClientKey(peer.client_key);
    assert_ne!(mine, peer.client_key);
    assert_eq!(refused(&mut session, &frame, START), other);
}

#[test]
fn content_and_key_of_another_message() {
    let (mut session, mut peer, mut frame) = next_frame();
    let later = peer.message(b"later", START);
    (frame.key, frame.content) = (later.key.clone(), later.content);
    let not_certified = CloseReason::Unverified(VerifyError::KeyNotCertified(later.key));
    assert_eq!(refused(&mut session, &frame, START), not_certified);
}

#[test]
fn the_witness_of_another_message() {
    let (mut session, mut peer, mut frame) = next_frame();
    frame.tree = peer.message(b"later", START).tree;
    let mismatch = CloseReason::Unverified(VerifyError::WitnessMismatch);
    assert_eq!(refused(&mut session, &frame, START), mismatch);
}

#[test]
fn a_certificate_of_another_network() {
    let (mut session, mut peer) = open_session();
    peer.network = Network::new(2);
    let frame = peer.message(b"forged", START);
    let signature = CloseReason::Unverified(CertificateError::Signature.into());
    assert_eq!(refused(&mut session, &frame, START), signature);
}

#[test]
fn a_message_held_back() {
    let (mut session, _, frame) = next_frame();
    let age = std::time::Duration::from_secs(301);
    let reason = refused(&mut session, &frame, START + 301 * SECOND);
    let too_old = CloseReason::Unverified(CertificateError::TooOld(age).into());
    assert_eq!(reason, too_old);
}
