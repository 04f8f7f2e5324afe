//! What certified receipts tell a session, and what they do not.

use ic_transport_types::EnvelopeContent;
use ic_ws_client::{
    CallKind, CloseReason,
    core::{Session, SessionEvent},
};
use ic_ws_protocol::{OutcomeError, Receipt, ReceiptFrame, verify::CertificateError};

use crate::model::{
    Network, Peer, START, begin_session, config, open_session, open_session_with_receipts,
};

fn send(session: &mut Session, peer: &mut Peer) -> EnvelopeContent {
    let call = session.send(b"hi".to_vec(), START).unwrap();
    peer.receive(&call, START);
    call
}

fn closed_by(session: &mut Session, frame: &[u8]) -> CloseReason {
    match session.handle_frame(frame, START) {
        Some(SessionEvent::Closed(reason)) => reason,
        other => panic!("not closed, but {other:?}"),
    }
}

#[test]
fn a_receipt_tells_at_once_that_a_message_has_come() {
    let (mut session, mut peer) = open_session_with_receipts();
    let calls = [(); 2].map(|()| send(&mut session, &mut peer));
    for (count, call) in calls.iter().enumerate() {
        assert_eq!(session.messages_received(), count);
        let receipt = peer.receipt(call, &Ok(()), START);
        assert_eq!(session.handle_frame(&receipt, START), None);
        // Once more is no harm.
        assert_eq!(session.handle_frame(&receipt, START), None);
    }
    assert_eq!(session.messages_received(), 2);
    // The canister's messages are numbered as if there were no receipts.
    let frame = peer.text("hi", START);
    assert!(matches!(
        session.handle_frame(&frame, START),
        Some(SessionEvent::Message(_))
    ));
}

#[test]
fn a_refusal_has_the_canisters_own_words() {
    let (mut session, mut peer) = open_session_with_receipts();
    let call = send(&mut session, &mut peer);
    let receipt = peer.receipt(&call, &Err("not today".into()), START);
    let refused = CloseReason::Refused {
        call: CallKind::Message,
        reason: "not today".into(),
    };
    assert_eq!(closed_by(&mut session, &receipt), refused);
}

#[test]
fn a_connection_that_is_refused_need_not_time_out() {
    let (mut session, peer) = begin_session(config(), true);
    session.handle_frame(&peer.handshake(), START);
    let call = session.poll_call(START).unwrap().unwrap();
    let receipt = peer.receipt(&call, &Err("too many connections".into()), START);
    let refused = CloseReason::Refused {
        call: CallKind::Open,
        reason: "too many connections".into(),
    };
    assert_eq!(closed_by(&mut session, &receipt), refused);
}

#[test]
fn a_forged_receipt_is_refused() {
    let (mut session, mut peer) = open_session_with_receipts();
    let call = send(&mut session, &mut peer);
    peer.network = Network::new(2);
    let receipt = peer.receipt(&call, &Ok(()), START);
    let forged = OutcomeError::Certificate(CertificateError::Signature);
    assert_eq!(
        closed_by(&mut session, &receipt),
        CloseReason::UnverifiedReceipt(forged)
    );
}

#[test]
fn the_receipt_of_another_call_is_refused() {
    let (mut session, mut peer) = open_session_with_receipts();
    let [one, two] = [(); 2].map(|()| send(&mut session, &mut peer));
    let certificate = peer
        .network
        .certify_reply(&two.to_request_id(), &Ok(()), START);
    let swapped = ReceiptFrame {
        request_id: one.to_request_id(),
        receipt: Receipt::Certificate(certificate),
    };
    let reason = closed_by(&mut session, &swapped.encode().unwrap());
    assert!(
        matches!(reason, CloseReason::UnverifiedReceipt(_)),
        "{reason}"
    );
}

#[test]
fn what_the_network_rejects_ends_the_connection() {
    let (mut session, mut peer) = open_session_with_receipts();
    let call = send(&mut session, &mut peer);
    let frame = peer.rejection(&call, "busy");
    let rejected = CloseReason::Rejected {
        call: CallKind::Message,
        reason: "busy".into(),
    };
    assert_eq!(closed_by(&mut session, &frame), rejected);
}

#[test]
fn a_rejection_waits_for_the_messages_before() {
    let (mut session, mut peer) = open_session_with_receipts();
    let [one, two] = [(); 2].map(|()| send(&mut session, &mut peer));
    let rejection = peer.rejection(&two, "busy");
    assert_eq!(session.handle_frame(&rejection, START), None);
    let receipt = peer.receipt(&one, &Ok(()), START);
    let reason = closed_by(&mut session, &receipt);
    assert!(matches!(reason, CloseReason::Rejected { .. }), "{reason}");
    assert_eq!(session.messages_received(), 1);
}

#[test]
fn a_receipt_given_again_is_not_verified_again() {
    let (mut session, mut peer) = begin_session(config(), true);
    session.handle_frame(&peer.handshake(), START);
    let call = session.poll_call(START).unwrap().unwrap();
    peer.receive(&call, START);
    let receipt = peer.receipt(&call, &Ok(()), START);
    assert_eq!(session.handle_frame(&receipt, START), None);
    peer.network = Network::new(2);
    let forged = peer.receipt(&call, &Ok(()), START);
    assert_eq!(session.handle_frame(&forged, START), None);
}

#[test]
fn receipts_that_nobody_agreed_on_are_malformed() {
    let (mut session, mut peer) = open_session();
    let call = send(&mut session, &mut peer);
    let receipt = peer.receipt(&call, &Ok(()), START);
    let reason = closed_by(&mut session, &receipt);
    assert!(matches!(reason, CloseReason::MalformedFrame(_)), "{reason}");
}
