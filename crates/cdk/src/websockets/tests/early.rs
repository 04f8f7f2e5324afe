//! Messages in another order than sent.

use super::*;

fn message(key: ClientKey, content: &[u8]) -> Event {
    Event::Message {
        client_key: key,
        content: content.to_vec(),
    }
}

#[test]
fn early_messages_wait_for_those_before_them() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive(key, 3, b"three").unwrap();
    world.receive(key, 4, b"four").unwrap();
    world.receive(key, 2, b"two").unwrap();
    assert_eq!(world.events(), []);
    world.receive(key, 1, b"one").unwrap();
    let expected: [&[u8]; 4] = [b"one", b"two", b"three", b"four"];
    assert_eq!(
        world.events(),
        expected.map(|content| message(key, content))
    );
    world.pass_deadline();
    assert_eq!(world.inbox(key, gateway(0)).last(), Some(&Content::ack(4)));
}

#[test]
fn a_message_that_comes_again_is_ignored() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    for (sequence_num, content) in [
        (1, b"one"),
        (1, b"ONE"),
        (0, b"nil"),
        (3, b"thr"),
        (3, b"THR"),
    ] {
        world.receive(key, sequence_num, content).unwrap();
    }
    assert_eq!(world.events(), [message(key, b"one")]);
    world.receive(key, 2, b"two").unwrap();
    let rest = [message(key, b"two"), message(key, b"thr")];
    assert_eq!(world.events(), rest, "what comes first counts");
}

#[test]
fn a_gap_that_stays_open_closes() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    let opened = world.now;
    world.receive(key, 2, b"two").unwrap();
    world.now += LATENCY_BOUND / 2;
    world.receive(key, 3, b"three").unwrap();
    world.pass_deadline();
    assert_eq!(world.now, opened + LATENCY_BOUND);
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::MissingMessage)]
    );
    assert_eq!(
        world.inbox(key, gateway(0)).last(),
        Some(&Content::close(CloseMessageReason::WrongSequenceNumber))
    );
    world.open(key, gateway(0)).unwrap();
    world.receive(key, 1, b"again").unwrap();
    assert_eq!(
        world.events(),
        [Event::Opened(key), message(key, b"again")],
        "nothing is left of the connection before"
    );
}

#[test]
fn each_gap_has_its_own_time() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive(key, 2, b"two").unwrap();
    world.receive(key, 4, b"four").unwrap();
    world.now += LATENCY_BOUND - 1;
    world.receive(key, 1, b"one").unwrap();
    let second_gap = world.now;
    world.events();
    world.pass_deadline();
    assert_eq!(world.now, second_gap + LATENCY_BOUND);
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::MissingMessage)]
    );
}

#[test]
fn a_gap_that_was_filled_has_no_consequences() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    let opened = world.now;
    world.receive(key, 2, b"two").unwrap();
    world.receive(key, 1, b"one").unwrap();
    world.events();
    world.pass_deadline();
    assert_eq!((world.now, world.events()), (opened + ACK_INTERVAL, vec![]));
}

#[test]
fn an_upgrade_keeps_what_waits_and_gives_the_gap_its_time_again() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive(key, 2, b"two").unwrap();
    world.now += LATENCY_BOUND;
    world.upgrade();
    assert_eq!(world.ws.deadline(), Some(world.now + LATENCY_BOUND));
    world.receive(key, 1, b"one").unwrap();
    assert_eq!(world.events(), [message(key, b"one"), message(key, b"two")]);
}

#[test]
fn a_service_message_that_waited_and_may_not_be_sent_closes_in_its_turn() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive_any(key, 2, b"junk".to_vec(), true).unwrap();
    world.receive(key, 3, b"never read").unwrap();
    assert_eq!(world.events(), []);
    world.receive(key, 1, b"one").unwrap();
    assert_eq!(
        world.events(),
        [
            message(key, b"one"),
            Event::Closed(key, CloseReason::InvalidServiceMessage)
        ]
    );
}

#[test]
fn what_is_too_much_for_one_call_goes_on_in_the_next_in_order() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    for n in [2, 3, 4, 1] {
        world.receive(key, n, &[n as u8]).unwrap();
    }
    let now = world.now;
    let mut poll = |at_once: bool| world.ws.poll_event(now, || at_once);
    assert_eq!(poll(false), Some(message(key, &[1])));
    assert_eq!(poll(false), None);
    assert_eq!(poll(true), Some(message(key, &[2])));
    assert_eq!(world.ws.deadline(), Some(0), "the rest is due at once");

    world.receive(key, 3, b"again").unwrap();
    world.receive(key, 5, &[5]).unwrap();
    world.upgrade();
    assert_eq!(world.ws.deadline(), Some(0));
    let rest = [3, 4, 5].map(|n| message(key, &[n]));
    assert_eq!(world.events(), rest);
    assert_ne!(world.ws.deadline(), Some(0));
}

/// The call that is to accept it may trap again and again.
#[test]
fn a_message_that_cannot_be_worked_off_closes() {
    let key = client(1, 1);
    let mut world = World::opened(key, gateway(0));
    world.receive(key, 2, b"two").unwrap();
    world.receive(key, 1, b"one").unwrap();
    assert_eq!(world.ws.take_ready(), Some(key));
    world.pass_deadline();
    let closed = Event::Closed(key, CloseReason::MissingMessage);
    assert_eq!(world.events(), [message(key, b"one"), closed]);
}
