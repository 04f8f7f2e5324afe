//! Whatever comes in whatever order, a session ends with a reason, and never otherwise than it should.

use ic_ws_client::{
    CloseReason,
    core::{Session, SessionEvent},
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::model::{Received, SECOND, START, cases, new_session, open_session};

fn closes_with_a_reason(session: &mut Session, frame: &[u8]) -> Result<(), TestCaseError> {
    let event = session.handle_frame(frame, START);
    let Some(SessionEvent::Closed(reason)) = event else {
        return Err(TestCaseError::fail(format!("not closed, but {event:?}")));
    };
    prop_assert_eq!(reason.close_code(), 4000);
    let close = reason.close_frame();
    prop_assert!(!close.reason.is_empty() && close.reason.len() <= 123);
    Ok(())
}

#[derive(Debug, Clone)]
enum Action {
    ClientSends,
    CanisterSends,
    /// The canister acknowledges what it has received, less some.
    CanisterAcknowledges(u64),
    TimePasses(u64),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::ClientSends),
        Just(Action::CanisterSends),
        (0..3u64).prop_map(Action::CanisterAcknowledges),
        (0..100u64).prop_map(|seconds| Action::TimePasses(seconds * SECOND)),
    ]
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn arbitrary_bytes_close(bytes in vec(any::<u8>(), 0..200)) {
        let (mut session, peer) = new_session();
        closes_with_a_reason(&mut session, &bytes)?;

        let (mut session, _) = new_session();
        session.handle_frame(&peer.handshake(), START);
        closes_with_a_reason(&mut session, &bytes)?;

        let (mut session, _) = open_session();
        closes_with_a_reason(&mut session, &bytes)?;
    }

    #[test]
    fn truncated_frames_close(cut: Index) {
        let (mut session, mut peer) = open_session();
        let frame = peer.text("hi", START);
        closes_with_a_reason(&mut session, &frame[..cut.index(frame.len())])?;
    }

    #[test]
    fn an_altered_frame_closes_or_means_the_same(bit: Index) {
        let (mut session, mut peer) = open_session();
        let mut frame = peer.message(b"hi", START).encode().unwrap();
        let bit = bit.index(frame.len() * 8);
        frame[bit / 8] ^= 1 << (bit % 8);
        match session.handle_frame(&frame, START) {
            Some(SessionEvent::Closed(_)) => {}
            Some(SessionEvent::Message(content)) => prop_assert_eq!(content, b"hi"),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn an_honest_session_closes_only_when_the_canister_is_late(
        actions in vec(action(), 0..20)
    ) {
        let (mut session, mut peer) = open_session();
        let mut now = START;
        let mut heard = START;
        let mut unacknowledged = Vec::new();
        for action in actions {
            let event = match action {
                Action::ClientSends => {
                    let call = session.send(b"up".to_vec(), now).unwrap();
                    prop_assert_eq!(peer.receive(&call, now), Received::Message(b"up".to_vec()));
                    unacknowledged.push((peer.received, now));
                    None
                }
                Action::CanisterSends => {
                    heard = now;
                    let frame = peer.message(b"down", now).encode().unwrap();
                    let event = session.handle_frame(&frame, now);
                    prop_assert_eq!(event, Some(SessionEvent::Message(b"down".to_vec())));
                    None
                }
                Action::CanisterAcknowledges(less) => {
                    heard = now;
                    let up_to = peer.received.saturating_sub(less);
                    let event = session.handle_frame(&peer.ack(up_to, now), now);
                    prop_assert_eq!(event, Some(SessionEvent::Acknowledged { up_to }));
                    unacknowledged.retain(|(number, _)| *number > up_to);
                    let keep_alive = session.poll_call(now).unwrap().unwrap();
                    let received = Received::KeepAlive { last_received: peer.sent };
                    prop_assert_eq!(peer.receive(&keep_alive, now), received);
                    unacknowledged.push((peer.received, now));
                    None
                }
                Action::TimePasses(time) => {
                    now += time;
                    session.handle_timeout(now)
                }
            };
            let overdue = unacknowledged
                .first()
                .filter(|(_, sent)| now - sent >= 150 * SECOND);
            match (event, overdue) {
                (None, None) => prop_assert!(now - heard < 150 * SECOND),
                (
                    Some(SessionEvent::Closed(CloseReason::AckTimeout { sequence_num, .. })),
                    Some((number, _)),
                ) => {
                    prop_assert_eq!(sequence_num, *number);
                    break;
                }
                (Some(SessionEvent::Closed(CloseReason::Silence(_))), None) => {
                    prop_assert!(now - heard >= 150 * SECOND);
                    break;
                }
                (event, overdue) => prop_assert!(false, "{:?} with {:?}", event, overdue),
            }
        }
    }
}
