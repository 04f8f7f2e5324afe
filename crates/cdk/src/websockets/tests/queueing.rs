//! Queues, nonces, witnesses and what is dropped when.

use ic_stable_structures::StableCell;

use super::*;
use crate::{
    error::{InitError, SendError},
    params::MAX_MESSAGE_BYTES,
    storage::LAYOUT_VERSION,
};

fn nonces(messages: &[CanisterOutputMessage]) -> Vec<u64> {
    messages.iter().map(nonce_of).collect()
}

/// A world whose one client's queue holds the open message and `sent` more.
fn world_with(sent: u8) -> (World, ClientKey) {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    for n in 0..sent {
        world.send(key, vec![n]).unwrap();
    }
    (world, key)
}

#[test]
fn pages_are_bounded_and_say_where_the_queue_ends() {
    let (mut world, _) = world_with(8);
    let expected: [(u64, &[u64], bool); 6] = [
        (0, &[0, 1, 2, 3], false),
        (4, &[4, 5, 6, 7], false),
        (5, &[5, 6, 7, 8], true),
        (8, &[8], true),
        (9, &[], true),
        (u64::MAX, &[], true),
    ];
    for (from, numbers, is_end) in expected {
        let page = world.poll(gateway(0), from);
        assert_eq!(nonces(&page.messages), numbers, "from {from}");
        assert_eq!(page.is_end_of_queue, is_end, "from {from}");
        assert_eq!(page.witness.is_empty(), numbers.is_empty(), "from {from}");
    }
}

#[test]
fn pages_are_bounded_in_bytes_but_hold_at_least_one_message() {
    let (mut world, key) = world_with(0);
    world.send(key, vec![0; MAX_MESSAGE_BYTES]).unwrap();
    world.send(key, vec![1]).unwrap();
    assert_eq!(nonces(&world.poll(gateway(0), 0).messages), [0]);
    assert_eq!(nonces(&world.poll(gateway(0), 1).messages), [1]);
    assert_eq!(nonces(&world.poll(gateway(0), 2).messages), [2]);
}

#[test]
fn a_message_that_is_too_long_is_refused() {
    let (mut world, key) = world_with(0);
    let refusal = world.send(key, vec![0; MAX_MESSAGE_BYTES + 1]);
    assert!(matches!(refusal, Err(SendError::TooLarge { .. })));
    assert_eq!(world.drain(gateway(0), 0).len(), 1);
}

#[test]
fn nobody_is_sent_to_who_is_not_connected() {
    let (mut world, _) = world_with(0);
    let refusal = world.send(client(9, 9), Vec::new());
    assert!(matches!(refusal, Err(SendError::NotConnected(_))));
}

#[test]
fn each_gateway_has_its_own_queue() {
    let (mut world, here) = world_with(1);
    let there = client(2, 1);
    world.open(there, gateway(1)).unwrap();
    world.send(here, b"here".to_vec()).unwrap();
    assert_eq!(nonces(&world.drain(gateway(0), 0)), [0, 1, 2]);
    assert_eq!(nonces(&world.drain(gateway(1), 0)), [0]);
    assert!(world.drain(gateway(2), 0).is_empty());
}

#[test]
fn the_witness_holds_for_nothing_else() {
    let (mut world, _) = world_with(3);
    let page = world.poll(gateway(0), 1);
    let message = &page.messages[0];
    let verify =
        |key: &str, content: &[u8]| verify_witness(&page.witness, &world.certified, key, content);
    verify(&message.key, &message.content).unwrap();
    verify(&message.key, b"other content").unwrap_err();
    verify(&page.messages[1].key, &message.content).unwrap_err();
    let outside = MessageKey {
        gateway: gateway(0),
        nonce: 0,
    };
    verify(&outside.to_string(), &message.content).unwrap_err();
}

#[test]
fn messages_go_after_one_ack_interval() {
    let (mut world, key) = world_with(9);
    let sent = world.now;
    world.now += ACK_INTERVAL / 2;
    world.send(key, b"later".to_vec()).unwrap();
    world.pass_deadline();
    assert_eq!(world.now, sent + ACK_INTERVAL);
    assert_eq!(nonces(&world.drain(gateway(0), 0)), [10, 11]);
    world.pass_deadline();
    assert_eq!(world.now, sent + ACK_INTERVAL + KEEP_ALIVE_TIMEOUT);
    world.events();

    world.pass_deadline();
    assert_eq!(world.now, sent + ACK_INTERVAL + ACK_INTERVAL / 2);
    assert_eq!(nonces(&world.drain(gateway(0), 0)), [11, 12]);
}

/// Many times as much as is kept at once: what is dropped in front makes room behind.
#[test]
fn a_queue_goes_on_for_ever() {
    let (mut world, key) = world_with(0);
    let (mut next, mut fetched) = (0, Vec::new());
    for round in 0..60u8 {
        for n in 0..4 {
            world.send(key, vec![round; 3000 + n]).unwrap();
        }
        world.keep_alive(key, u64::from(round) + 1).unwrap();
        if round % 7 == 0 {
            world.upgrade();
        }
        for message in world.drain(gateway(0), next) {
            assert_eq!(nonce_of(&message), next);
            next += 1;
            let message = WebsocketMessage::from_cbor(&message.content).unwrap();
            if let Content::Application(content) = Content::of(message) {
                fetched.push(content);
            }
        }
        world.now += ACK_INTERVAL / 10;
        world.ws.on_deadline(world.now, || true);
    }
    let sent = (0..60).flat_map(|round| (0..4).map(move |n| vec![round; 3000 + n]));
    assert!(fetched.into_iter().eq(sent));
    assert!(world.drain(gateway(0), 0).len() < 60);
}

/// Nonces go on where they were, also if an upgrade finds nothing in the queue.
#[test]
fn a_queue_that_is_empty_still_counts() {
    let (mut world, key) = world_with(2);
    world.ws.gateway_closed(gateway(0), key, world.now).unwrap();
    world.now += ACK_INTERVAL - SECOND;
    world.open(key, gateway(0)).unwrap();
    world.now += ACK_INTERVAL / 2;
    world.ws.on_deadline(world.now, || true);
    assert_eq!(nonces(&world.drain(gateway(0), 0)), [3]);
    world.ws.gateway_closed(gateway(0), key, world.now).unwrap();
    world.now += ACK_INTERVAL / 2 + 10 * SECOND;
    world.ws.on_deadline(world.now, || true);
    assert!(world.drain(gateway(0), 0).is_empty());
    for _ in 0..2 {
        world.upgrade();
        assert!(world.ws.queues.knows(gateway(0)));
    }
    world.open(key, gateway(0)).unwrap();
    assert_eq!(nonces(&world.drain(gateway(0), 0)), [4]);
}

#[test]
fn a_gateway_without_clients_is_forgotten_after_one_ack_interval() {
    let (mut world, key) = world_with(3);
    let other = client(2, 1);
    world.open(other, gateway(1)).unwrap();
    world.ws.gateway_closed(gateway(0), key, world.now).unwrap();
    world.now += ACK_INTERVAL - 1;
    assert_eq!(world.drain(gateway(0), 0).len(), 4);

    world.pass_deadline();
    world.keep_alive(other, 1).unwrap();
    world.pass_deadline();
    assert!(world.drain(gateway(0), 0).is_empty());
    assert_eq!(world.inbox(other, gateway(1)), [Content::ack(0)]);

    world.open(key, gateway(0)).unwrap();
    assert_eq!(nonces(&world.drain(gateway(0), 0)), [0]);
}

#[test]
fn nothing_stays_certified_of_what_is_dropped() {
    let (mut world, key) = world_with(9);
    world.now += ACK_INTERVAL + 1;
    world.send(key, b"displaces".to_vec()).unwrap();
    world.ws.gateway_closed(gateway(0), key, world.now).unwrap();
    while world.ws.deadline().is_some() {
        world.pass_deadline();
    }
    world.certify();
    assert_eq!(world.certified, World::new().certified);
}

#[test]
fn a_gateway_whose_clients_come_back_is_kept() {
    let (mut world, key) = world_with(3);
    world.ws.gateway_closed(gateway(0), key, world.now).unwrap();
    world.open(client(2, 1), gateway(0)).unwrap();
    world.pass_deadline();
    world.keep_alive(client(2, 1), 1).unwrap();
    world.pass_deadline();
    let newest = world.drain(gateway(0), 0);
    assert_eq!(nonce_of(newest.last().unwrap()), 5);
}

#[test]
fn certified_data_is_reported_once_per_change() {
    let (mut world, key) = world_with(0);
    assert_eq!(world.ws.poll_certified_data(), None);
    world.send(key, b"a".to_vec()).unwrap();
    world.send(key, b"b".to_vec()).unwrap();
    assert!(world.ws.poll_certified_data().is_some());
    assert_eq!(world.ws.poll_certified_data(), None);
    world.receive(key, 1, b"nothing queued").unwrap();
    assert_eq!(world.ws.poll_certified_data(), None);
}

#[test]
fn a_layout_from_the_future_is_refused() {
    let memory = MemoryManager::init(VectorMemory::default());
    let longer_header = (LAYOUT_VERSION + 1, (0u64, 0u64));
    StableCell::init(Storage::new(&memory, 0).header, longer_header);
    let result = Websockets::new(WsInitParams::default(), Storage::new(&memory, 0), 0);
    assert_eq!(
        result.err(),
        Some(InitError::UnknownLayout(LAYOUT_VERSION + 1))
    );
}
