//! An honest conversation, and what either side ends it with.

use candid::Principal;
use ic_transport_types::EnvelopeContent;
use ic_ws_client::{
    CloseReason, Config,
    core::{Session, SessionEvent},
};
use ic_ws_protocol::{
    CanisterOpenMessageContent, ClientKeepAliveMessageContent, ClientKey, CloseMessageReason,
    WebsocketServiceMessageContent as ServiceMessage,
};

use crate::model::{
    NONCE, Peer, Received, SECOND, START, begin_session, config, new_session, open_session,
};

/// How the session is closed by `frame`.
fn closed_by(session: &mut Session, frame: &[u8]) -> CloseReason {
    match session.handle_frame(frame, START) {
        Some(SessionEvent::Closed(reason)) => reason,
        other => panic!("not closed, but {other:?}"),
    }
}

fn send(session: &mut Session, peer: &mut Peer, content: &[u8], now: u64) -> Received {
    assert!(session.can_send());
    let call = session.send(content.to_vec(), now).unwrap();
    peer.receive(&call, now)
}

#[test]
fn opens_once_the_canister_says_so() {
    let (mut session, peer) = new_session();
    assert!(!session.can_send());
    assert!(session.poll_call(START).unwrap().is_none());
    session.handle_frame(&peer.handshake(), START);
    assert!(session.poll_call(START).unwrap().is_some());
    assert!(session.poll_call(START).unwrap().is_none());
    assert!(!session.can_send());

    let (session, _) = open_session();
    assert!(session.can_send());
}

#[test]
fn messages_go_both_ways() {
    let (mut session, mut peer) = open_session();
    for content in [b"one", b"two"] {
        let sent = send(&mut session, &mut peer, content, START);
        assert_eq!(sent, Received::Message(content.to_vec()));

        let frame = peer.message(content, START).encode().unwrap();
        let received = session.handle_frame(&frame, START);
        assert_eq!(received, Some(SessionEvent::Message(content.to_vec())));
    }
}

#[test]
fn equal_messages_are_different_requests() {
    let (mut session, _) = open_session();
    let [a, b] = [(); 2].map(|()| session.send(b"same".to_vec(), START).unwrap());
    let nonces = [a, b].map(|call| match call {
        EnvelopeContent::Call { nonce, .. } => nonce.unwrap(),
        other => panic!("{other:?}"),
    });
    assert_ne!(nonces[0], nonces[1]);
    assert!(
        nonces
            .iter()
            .all(|nonce| nonce.starts_with(&NONCE.to_be_bytes()))
    );
}

#[test]
fn answers_an_acknowledgement_with_a_numbered_keep_alive() {
    let (mut session, mut peer) = open_session();
    send(&mut session, &mut peer, b"hi", START);
    let frame = peer.ack(1, START);
    assert_eq!(
        session.handle_frame(&frame, START),
        Some(SessionEvent::Acknowledged { up_to: 1 })
    );
    let call = session.poll_call(START).unwrap().unwrap();
    // The open message and the acknowledgement.
    let keep_alive = Received::KeepAlive { last_received: 2 };
    assert_eq!(peer.receive(&call, START), keep_alive);
    assert!(session.poll_call(START).unwrap().is_none());
    // The model checks that the keep-alive was number 2, and this is number 3.
    send(&mut session, &mut peer, b"again", START);
}

#[test]
fn every_message_must_be_acknowledged_in_time() {
    let (mut session, mut peer) = open_session();
    send(&mut session, &mut peer, b"one", START);
    send(&mut session, &mut peer, b"two", START + SECOND);
    // What comes later than the messages puts off no deadline of theirs.
    let frame = peer.ack(1, START + 2 * SECOND);
    session.handle_frame(&frame, START + 2 * SECOND);

    let timeout = config().ack_interval.as_secs() + 30;
    let deadline = START + (1 + timeout) * SECOND;
    assert_eq!(session.next_deadline(), Some(deadline));
    assert_eq!(session.handle_timeout(deadline - 1), None);
    assert_eq!(
        session.handle_timeout(deadline),
        Some(SessionEvent::Closed(CloseReason::AckTimeout {
            sequence_num: 2,
            timeout: std::time::Duration::from_secs(timeout),
        }))
    );
}

#[test]
fn keep_alives_must_be_acknowledged_too() {
    let (mut session, mut peer) = open_session();
    session.handle_frame(&peer.ack(0, START), START);
    session.poll_call(START).unwrap().unwrap();
    let later = START + SECOND;
    session.handle_frame(&peer.text("hi", later), later);
    let deadline = START + 150 * SECOND;
    assert_eq!(session.next_deadline(), Some(deadline));
    assert!(matches!(
        session.handle_timeout(deadline),
        Some(SessionEvent::Closed(CloseReason::AckTimeout {
            sequence_num: 1,
            ..
        }))
    ));
}

#[test]
fn a_canister_must_be_heard_of_though_nothing_is_sent() {
    let (mut session, mut peer) = open_session();
    let later = START + SECOND;
    session.handle_frame(&peer.text("hi", later), later);
    let deadline = later + 150 * SECOND;
    assert_eq!(session.next_deadline(), Some(deadline));
    assert_eq!(session.handle_timeout(deadline - 1), None);
    let silence = CloseReason::Silence(std::time::Duration::from_secs(150));
    assert_eq!(
        session.handle_timeout(deadline),
        Some(SessionEvent::Closed(silence))
    );
}

#[test]
fn waits_for_acknowledgements_when_too_many_are_pending() {
    let limited = Config {
        max_unacknowledged: 1,
        ..config()
    };
    let (mut session, mut peer) = begin_session(limited, false);
    session.handle_frame(&peer.handshake(), START);
    session.poll_call(START).unwrap();
    session.handle_frame(&peer.open(START), START);
    send(&mut session, &mut peer, b"one", START);
    assert!(!session.can_send());
    session.handle_frame(&peer.ack(1, START), START);
    assert!(session.can_send());
}

#[test]
fn the_gateway_must_introduce_itself_in_time() {
    let (mut session, _) = new_session();
    let deadline = session.next_deadline().unwrap();
    assert_eq!(deadline, START + 60 * SECOND);
    assert_eq!(session.handle_timeout(deadline - 1), None);
    let timeout = CloseReason::HandshakeTimeout(config().open_timeout);
    assert_eq!(
        session.handle_timeout(deadline),
        Some(SessionEvent::Closed(timeout))
    );
}

#[test]
fn the_canister_must_open_in_time_after_that() {
    let (mut session, peer) = new_session();
    let handshake = START + 59 * SECOND;
    session.handle_frame(&peer.handshake(), handshake);
    let deadline = session.next_deadline().unwrap();
    assert_eq!(deadline, handshake + 60 * SECOND);
    assert_eq!(session.handle_timeout(deadline - 1), None);
    let timeout = CloseReason::OpenTimeout(config().open_timeout);
    assert_eq!(
        session.handle_timeout(deadline),
        Some(SessionEvent::Closed(timeout))
    );
}

#[test]
fn the_canister_may_close() {
    for (reason, code) in [
        (CloseMessageReason::ClosedByApplication, 4001),
        (CloseMessageReason::KeepAliveTimeout, 4000),
        (CloseMessageReason::WrongSequenceNumber, 4000),
        (CloseMessageReason::InvalidServiceMessage, 4000),
    ] {
        let (mut session, mut peer) = open_session();
        let frame = peer.close(reason, START);
        let closed = closed_by(&mut session, &frame);
        assert_eq!(closed, CloseReason::ClosedByCanister(reason));
        assert_eq!(closed.close_code(), code);
    }
}

#[test]
fn a_closed_session_does_nothing() {
    let (mut session, mut peer) = open_session();
    send(&mut session, &mut peer, b"hi", START);
    session.handle_frame(&peer.ack(1, START), START);
    session.handle_frame(b"nonsense", START);
    assert!(!session.can_send());
    assert_eq!(session.next_deadline(), None);
    assert_eq!(session.handle_timeout(u64::MAX), None);
    assert_eq!(session.handle_frame(&peer.text("hi", START), START), None);
    assert!(session.poll_call(START).unwrap().is_none());
}

#[test]
fn the_first_frame_must_be_a_handshake() {
    let (mut session, mut peer) = new_session();
    let frame = peer.open(START);
    let closed = closed_by(&mut session, &frame);
    assert!(matches!(closed, CloseReason::MalformedHandshake(_)));
}

#[test]
fn the_first_message_must_open() {
    let (mut session, mut peer) = new_session();
    session.handle_frame(&peer.handshake(), START);
    let frame = peer.text("early", START);
    assert_eq!(closed_by(&mut session, &frame), CloseReason::NotOpened);

    let (mut session, mut peer) = new_session();
    session.handle_frame(&peer.handshake(), START);
    let frame = peer.ack(0, START);
    assert_eq!(closed_by(&mut session, &frame), CloseReason::NotOpened);
}

#[test]
fn the_open_message_must_name_the_client() {
    let (mut session, mut peer) = new_session();
    session.handle_frame(&peer.handshake(), START);
    let other = ClientKey {
        client_principal: Principal::management_canister(),
        client_nonce: NONCE,
    };
    let open = ServiceMessage::OpenMessage(CanisterOpenMessageContent { client_key: other });
    let frame = peer.service(&open, START);
    assert_eq!(
        closed_by(&mut session, &frame),
        CloseReason::OpenedForOther(other)
    );
}

#[test]
fn service_messages_out_of_place_are_refused() {
    let (mut session, mut peer) = open_session();
    let frame = peer.open(START);
    let second = CloseReason::UnexpectedServiceMessage("second open message");
    assert_eq!(closed_by(&mut session, &frame), second);

    let (mut session, mut peer) = open_session();
    let keep_alive = ServiceMessage::KeepAliveMessage(ClientKeepAliveMessageContent {
        last_incoming_sequence_num: 0,
    });
    let frame = peer.service(&keep_alive, START);
    let unexpected = CloseReason::UnexpectedServiceMessage("keep-alive message");
    assert_eq!(closed_by(&mut session, &frame), unexpected);
}

#[test]
fn malformed_service_messages_are_refused() {
    let (mut session, mut peer) = open_session();
    peer.sent += 1;
    let message = ic_ws_protocol::WebsocketMessage {
        client_key: peer.client_key,
        sequence_num: peer.sent,
        timestamp: START,
        is_service_message: true,
        content: b"DIDL".to_vec(),
    };
    let frame = peer.certify(&message, START).encode().unwrap();
    let closed = closed_by(&mut session, &frame);
    assert!(matches!(closed, CloseReason::MalformedServiceMessage(_)));
}

#[test]
fn what_was_not_sent_cannot_be_acknowledged() {
    let (mut session, mut peer) = open_session();
    send(&mut session, &mut peer, b"one", START);
    let frame = peer.ack(2, START);
    let unsent = CloseReason::UnsentAcknowledged {
        acknowledged: 2,
        sent: 1,
    };
    assert_eq!(closed_by(&mut session, &frame), unsent);
}
