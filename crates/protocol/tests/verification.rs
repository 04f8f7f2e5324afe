//! Certificates and witnesses, signed with real keys: the good one passes, every other has its own verdict.

#![cfg(test)]

mod certified;

use certified::*;
use ic_certification::{Certificate, HashTree, fork, label, labeled, leaf};
use ic_transport_types::RequestId;
use ic_verify_bls_signature::PrivateKey;
use ic_ws_protocol::{
    CallOutcome, CanisterFrame, OutcomeError, Rejection, VerifyError, WebsocketMessage, cbor,
    message_key::WEBSOCKET_LABEL,
    verify::{CertificateError, CertifiedState, verify_message},
};

fn verdict(frame: &CanisterFrame) -> Result<WebsocketMessage, VerifyError> {
    verify_message(frame, canister(), &der(&key(1)), NOW)
}

fn refusal(frame: &CanisterFrame) -> CertificateError {
    match verdict(frame) {
        Err(VerifyError::Certificate(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_of_the_canister_is_accepted() {
    assert_eq!(verdict(&good_frame()), Ok(message(1)));
}

#[test]
fn a_message_certified_by_a_delegated_subnet_is_accepted() {
    for shape in [Ranges::Sharded, Ranges::Flat] {
        let delegation = delegation(&key(1), &key(2), canister(), shape);
        assert_eq!(
            verdict(&frame_at(NOW, &key(2), Some(delegation))),
            Ok(message(1))
        );
    }
}

#[test]
fn a_subnet_speaks_only_for_its_own_canisters() {
    for shape in [Ranges::Sharded, Ranges::Flat] {
        let delegation = delegation(&key(1), &key(2), other_canister(), shape);
        assert_eq!(
            refusal(&frame_at(NOW, &key(2), Some(delegation))),
            CertificateError::CanisterOutOfRange(canister())
        );
    }
}

#[test]
fn a_delegation_must_come_from_the_root_key() {
    let forged = delegation(&key(3), &key(2), canister(), Ranges::Sharded);
    assert_eq!(
        refusal(&frame_at(NOW, &key(2), Some(forged))),
        CertificateError::Signature
    );
}

#[test]
fn a_delegation_cannot_delegate() {
    let inner = delegation(&key(1), &key(2), canister(), Ranges::Flat);
    let mut outer = delegation(&key(2), &key(3), canister(), Ranges::Flat);
    let mut certificate: Certificate = cbor::from_slice(&outer.certificate).unwrap();
    certificate.delegation = Some(inner);
    outer.certificate = cbor::to_vec(&certificate).unwrap();
    assert_eq!(
        refusal(&frame_at(NOW, &key(3), Some(outer))),
        CertificateError::TooManyDelegations
    );
}

#[test]
fn another_networks_certificate_is_refused() {
    assert_eq!(
        refusal(&frame_at(NOW, &key(9), None)),
        CertificateError::Signature
    );
}

#[test]
fn the_root_key_must_be_one() {
    let verdict = verify_message(&good_frame(), canister(), b"key", NOW);
    assert_eq!(
        verdict,
        Err(VerifyError::Certificate(CertificateError::PublicKey))
    );
}

#[test]
fn an_old_certificate_is_refused() {
    assert!(verdict(&frame_at(NOW - 5 * MINUTE, &key(1), None)).is_ok());
    assert!(matches!(
        refusal(&frame_at(NOW - 5 * MINUTE - 1, &key(1), None)),
        CertificateError::TooOld(_)
    ));
}

#[test]
fn another_canisters_certificate_is_refused() {
    let verdict = verify_message(&good_frame(), other_canister(), &der(&key(1)), NOW);
    assert!(matches!(
        verdict,
        Err(VerifyError::Certificate(CertificateError::Missing(_)))
    ));
}

#[test]
fn a_flipped_bit_of_the_certificate_is_refused() {
    let good = good_frame();
    for at in cbor::SELF_DESCRIBE_TAG.len()..good.cert.len() {
        let mut frame = good.clone();
        // The upper bits may turn a byte string into a text of the same bytes, which means the same.
        frame.cert[at] ^= 1 << (at % 5);
        assert!(
            matches!(verdict(&frame), Err(VerifyError::Certificate(_))),
            "a flipped bit in byte {at} was accepted"
        );
    }
}

#[test]
fn altered_content_is_refused() {
    let mut frame = good_frame();
    frame.content[20] ^= 1;
    assert_eq!(verdict(&frame), Err(VerifyError::ContentMismatch));
}

#[test]
fn content_under_another_key_is_refused() {
    let mut frame = good_frame();
    frame.key = frame.key.replace('1', "2");
    assert_eq!(
        verdict(&frame),
        Err(VerifyError::KeyNotCertified(frame.key.clone()))
    );
}

#[test]
fn another_witness_is_refused() {
    let mut frame = good_frame();
    frame.tree = cbor::to_vec(&labeled(WEBSOCKET_LABEL, leaf(b"other".to_vec()))).unwrap();
    assert_eq!(verdict(&frame), Err(VerifyError::WitnessMismatch));
    frame.tree.truncate(3);
    assert!(matches!(
        verdict(&frame),
        Err(VerifyError::MalformedWitness(_))
    ));
}

fn id() -> RequestId {
    RequestId::new(&[7; 32])
}

/// A certificate of how the call `id` ended.
fn outcome_certificate(parts: HashTree, signer: &PrivateKey) -> Vec<u8> {
    let status = label("request_status", label(id().as_slice(), parts));
    let tree = fork(status, label("time", leaf(leb128(NOW))));
    sign(tree, signer, None)
}

fn outcome(certificate: &[u8]) -> Result<Option<CallOutcome>, OutcomeError> {
    CertifiedState::verify(certificate, canister(), &der(&key(1)))?.outcome(&id())
}

#[test]
fn how_a_call_ended_is_certified() {
    let replied = fork(
        label("reply", leaf(b"yes")),
        label("status", leaf(b"replied")),
    );
    assert_eq!(
        outcome(&outcome_certificate(replied.clone(), &key(1))),
        Ok(Some(CallOutcome::Replied(b"yes".to_vec())))
    );
    assert_eq!(
        outcome(&outcome_certificate(replied, &key(2))),
        Err(OutcomeError::Certificate(CertificateError::Signature))
    );

    let rejected = fork(
        fork(
            label("error_code", leaf(b"IC0503")),
            label("reject_code", leaf([5])),
        ),
        fork(
            label("reject_message", leaf(b"trapped")),
            label("status", leaf(b"rejected")),
        ),
    );
    assert_eq!(
        outcome(&outcome_certificate(rejected, &key(1))),
        Ok(Some(CallOutcome::Rejected {
            rejection: Rejection {
                code: 5,
                message: "trapped".to_owned()
            },
            error_code: Some("IC0503".to_owned()),
        }))
    );
}

#[test]
fn a_call_that_has_not_ended_has_no_outcome() {
    let status = |status: &[u8]| outcome_certificate(label("status", leaf(status)), &key(1));
    assert_eq!(outcome(&status(b"processing")), Ok(None));
    assert_eq!(outcome(&status(b"done")), Err(OutcomeError::Forgotten));
    assert_eq!(
        outcome(&status(b"replied")),
        Err(OutcomeError::Missing("reply"))
    );
    let other = sign(state(&[], NOW), &key(1), None);
    assert_eq!(outcome(&other), Err(OutcomeError::Missing("status")));
}
