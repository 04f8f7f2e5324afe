//! Opening, receiving, acknowledging, closing.

use ic_ws_protocol::{CanisterAckMessageContent, CanisterOpenMessageContent};

use super::*;
use crate::error::{CloseError, NotConnected};

#[test]
fn the_first_message_to_a_client_says_that_it_is_open() {
    let key = client(1, 7);
    let mut world = World::opened(key, gateway(0));
    let open = Service::OpenMessage(CanisterOpenMessageContent { client_key: key });
    assert_eq!(
        world.inbox(key, gateway(0)),
        [Content::Service(open.clone())]
    );
    let message = world.drain(gateway(0), 0).remove(0);
    let message = WebsocketMessage::from_cbor(&message.content).unwrap();
    assert_eq!((message.sequence_num, message.timestamp), (1, world.now));
}

#[test]
fn the_anonymous_caller_is_refused() {
    let mut world = World::new();
    let key = ClientKey {
        client_principal: Principal::anonymous(),
        client_nonce: 1,
    };
    let refusal = world.open(key, gateway(0)).unwrap_err();
    assert!(matches!(refusal, OpenError::Anonymous));
    assert_eq!(world.events(), []);
    assert!(world.poll(gateway(0), 0).messages.is_empty());
}

#[test]
fn a_key_is_connected_once_and_a_principal_as_often_as_it_likes() {
    let (first, second) = (client(1, 1), client(1, 2));
    let mut world = World::opened(first, gateway(0));
    let refusal = world.open(first, gateway(0)).unwrap_err();
    assert!(matches!(refusal, OpenError::AlreadyConnected(key) if key == first));

    world.open(second, gateway(1)).unwrap();
    assert_eq!(world.events(), [Event::Opened(second)]);
    world.receive(first, 1, b"a").unwrap();
    world.receive(second, 1, b"b").unwrap();
    world.send(first, b"to first".to_vec()).unwrap();
    assert_eq!(world.inbox(first, gateway(0)).len(), 2);
    assert_eq!(world.inbox(second, gateway(1)).len(), 1);
}

#[test]
fn messages_reach_the_application_in_order() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive(key, 1, b"one").unwrap();
    world.keep_alive(key, 2).unwrap();
    world.receive(key, 3, b"two").unwrap();
    let message = |content: &[u8]| Event::Message {
        client_key: key,
        content: content.to_vec(),
    };
    assert_eq!(world.events(), [message(b"one"), message(b"two")]);
}

#[test]
fn nobody_speaks_for_another() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    let message = WebsocketMessage {
        client_key: key,
        sequence_num: 1,
        timestamp: 0,
        is_service_message: false,
        content: Vec::new(),
    };
    let refusal = world.ws.receive(principal(2), message, world.now);
    assert!(matches!(
        refusal,
        Err(MessageError::ForeignKey { caller, client_key }) if caller == principal(2) && client_key == key
    ));
    assert_eq!(world.events(), []);
    world.receive(key, 1, b"still expected").unwrap();
}

#[test]
fn service_messages_other_than_keep_alives_close() {
    let ack = Service::AckMessage(CanisterAckMessageContent {
        last_incoming_sequence_num: 0,
    });
    for content in [candid::encode_one(ack).unwrap(), b"junk".to_vec()] {
        let key = client(1, 1);
        let mut world = World::opened(key, gateway(0));
        world.receive_any(key, 1, content, true).unwrap_err();
        assert_eq!(
            world.events(),
            [Event::Closed(key, CloseReason::InvalidServiceMessage)]
        );
        assert_eq!(
            world.inbox(key, gateway(0)).last(),
            Some(&Content::close(CloseMessageReason::InvalidServiceMessage))
        );
    }
}

/// A few bytes of Candid that take a trillion steps to read.
#[test]
fn a_service_message_that_is_huge_to_read_is_cheap_to_refuse() {
    let keep_alive = Service::KeepAliveMessage(ClientKeepAliveMessageContent {
        last_incoming_sequence_num: 0,
    });
    let mut content = candid::encode_args((keep_alive, Vec::<()>::new())).unwrap();
    // The length of that vector, in LEB128.
    assert_eq!(content.pop(), Some(0));
    content.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);

    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    let refusal = world.receive_any(key, 1, content, true);
    assert!(matches!(
        refusal,
        Err(MessageError::MalformedServiceMessage(_))
    ));
}

#[test]
fn only_its_own_gateway_reports_a_client_as_gone() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    assert_eq!(
        world.ws.gateway_closed(gateway(1), key, world.now),
        Err(CloseError::ForeignGateway {
            caller: gateway(1),
            client_key: key
        })
    );
    assert_eq!(world.events(), []);

    assert_eq!(world.ws.gateway_closed(gateway(0), key, world.now), Ok(()));
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::GatewayClosed)]
    );
    assert_eq!(
        world.ws.gateway_closed(gateway(0), key, world.now),
        Err(CloseError::NotConnected(NotConnected(key.into())))
    );
}

#[test]
fn the_application_closes_and_the_key_is_free_again() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    assert!(world.ws.is_connected(&key));
    world.ws.close(key.into(), world.now).unwrap();
    assert!(!world.ws.is_connected(&key));
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::ClosedByApplication)]
    );
    assert_eq!(
        world.inbox(key, gateway(0)).last(),
        Some(&Content::close(CloseMessageReason::ClosedByApplication))
    );
    assert_eq!(
        world.ws.close(key.into(), world.now),
        Err(NotConnected(key.into()))
    );
    world.open(key, gateway(0)).unwrap();
}

#[test]
fn who_is_reset_is_given_a_reason_to_come_back() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.ws.reset(key.into(), world.now).unwrap();
    assert_eq!(world.events(), [Event::Closed(key, CloseReason::Reset)]);
    assert_eq!(
        world.inbox(key, gateway(0)).last(),
        Some(&Content::close(CloseMessageReason::KeepAliveTimeout))
    );
    assert_eq!(
        world.ws.reset(key.into(), world.now),
        Err(NotConnected(key.into()))
    );
}

#[test]
fn clients_are_acknowledged_and_the_silent_ones_closed() {
    let (lively, silent, late) = (client(1, 1), client(2, 1), client(3, 1));
    let mut world = World::opened(lively, gateway(0));
    world.open(silent, gateway(0)).unwrap();
    world.receive(lively, 1, b"one").unwrap();
    world.events();
    let started = world.now;

    world.pass_deadline();
    assert_eq!(world.now, started + ACK_INTERVAL);
    assert_eq!(
        world.inbox(lively, gateway(0)).last(),
        Some(&Content::ack(1))
    );
    assert_eq!(
        world.inbox(silent, gateway(0)).last(),
        Some(&Content::ack(0))
    );

    world.now += SECOND;
    world.keep_alive(lively, 2).unwrap();
    world.open(late, gateway(0)).unwrap();
    world.events();
    world.pass_deadline();
    assert_eq!(world.now, started + ACK_INTERVAL + KEEP_ALIVE_TIMEOUT);
    assert_eq!(
        world.events(),
        [Event::Closed(silent, CloseReason::KeepAliveTimeout)]
    );
    assert_eq!(
        world.inbox(silent, gateway(0)).last(),
        Some(&Content::close(CloseMessageReason::KeepAliveTimeout))
    );

    world.pass_deadline();
    assert_eq!(world.now, started + 2 * ACK_INTERVAL);
    assert_eq!(
        world.inbox(lively, gateway(0)).last(),
        Some(&Content::ack(2))
    );
    assert_eq!(world.inbox(late, gateway(0)).last(), Some(&Content::ack(0)));
}

#[test]
fn a_timer_that_fires_early_does_nothing() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.now = world.ws.deadline().unwrap() - 1;
    world.ws.on_deadline(world.now, || true);
    assert_eq!(world.inbox(key, gateway(0)).len(), 1);
}

#[test]
fn an_upgrade_closes_nothing_and_keeps_the_ack_schedule() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive(key, 1, b"one").unwrap();
    world.send(key, b"first".to_vec()).unwrap();
    let (deadline, before) = (world.ws.deadline(), world.drain(gateway(0), 0));

    world.now += 100 * SECOND;
    world.upgrade();
    assert_eq!(world.ws.deadline(), deadline);
    assert_eq!(world.drain(gateway(0), 0), before);
    world.receive(key, 2, b"two").unwrap();
    world.send(key, b"second".to_vec()).unwrap();
    let inbox = world.inbox(key, gateway(0));
    assert_eq!(
        inbox.last(),
        Some(&Content::Application(b"second".to_vec()))
    );
    assert_eq!(inbox.len(), 3);
}

#[test]
fn an_upgrade_between_ack_and_check_spares_the_clients() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.pass_deadline();
    let acked = world.now;
    world.events();
    world.upgrade();
    assert_eq!(world.ws.deadline(), Some(acked + KEEP_ALIVE_TIMEOUT));
    world.pass_deadline();
    assert_eq!(world.events(), []);
    world.pass_deadline();
    assert_eq!(world.now, acked + ACK_INTERVAL);
    world.pass_deadline();
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::KeepAliveTimeout)]
    );
}

/// Timers cost cycles.
#[test]
fn an_idle_canister_is_not_woken() {
    let key = client(1, 1);
    let mut world = World::new();
    assert_eq!(world.ws.deadline(), None);
    world.open(key, gateway(0)).unwrap();
    world.receive(key, 2, b"early").unwrap();
    let broadcast = [key.into()];
    world
        .ws
        .broadcast(broadcast, b"all".to_vec(), world.now, || false)
        .unwrap();
    world.ws.gateway_closed(gateway(0), key, world.now).unwrap();
    world.events();
    // The messages, and the gateway with them.
    world.pass_deadline();
    assert_eq!(world.ws.deadline(), None);
    world.upgrade();
    assert_eq!(world.ws.deadline(), None);
}

#[test]
fn wiping_forgets_everything() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.ws.wipe();
    assert_eq!(world.events(), [Event::Closed(key, CloseReason::Wiped)]);
    assert!(world.poll(gateway(0), 0).messages.is_empty());
    assert_eq!(world.certified, World::new().certified);
    world.open(key, gateway(0)).unwrap();
}
