//! One message to many.

use std::cell::Cell;

use super::*;

/// A world of connected clients, each through one of two gateways.
fn world_of(clients: u8) -> (World, Vec<ClientKey>) {
    let keys: Vec<_> = (0..clients).map(|n| client(n, 1)).collect();
    let mut world = World::new();
    for (n, key) in (0..).zip(&keys) {
        world.open(*key, gateway(n % 2)).unwrap();
    }
    world.events();
    (world, keys)
}

impl World {
    fn broadcast(
        &mut self,
        to: impl IntoIterator<Item = ClientKey>,
        message: &[u8],
        at_once: usize,
    ) -> Result<(), SendError> {
        let left = Cell::new(at_once);
        let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
        let to = to.into_iter().map(Recipient::from);
        self.ws.broadcast(to, message.to_vec(), self.now, may_go_on)
    }

    /// What clients found in the queues, without the messages that said that they are open.
    fn received(&mut self, keys: &[ClientKey]) -> Vec<Vec<Content>> {
        let received = keys.iter().enumerate().map(|(n, key)| {
            let mut inbox = self.inbox(*key, gateway(n as u8 % 2));
            inbox.split_off(1)
        });
        received.collect()
    }
}

fn application(messages: &[&[u8]]) -> Vec<Content> {
    let content = |message: &&[u8]| Content::Application(message.to_vec());
    messages.iter().map(content).collect()
}

#[test]
fn everyone_who_is_connected_gets_it_once() {
    let (mut world, keys) = world_of(4);
    world.ws.close(keys[3].into(), world.now).unwrap();
    let to = keys.iter().chain(&keys).copied();
    world.broadcast(to, b"all", usize::MAX).unwrap();
    assert_eq!(world.received(&keys[..3]), vec![application(&[b"all"]); 3]);
    assert!(
        !world
            .inbox(keys[3], gateway(1))
            .contains(&Content::Application(b"all".to_vec()))
    );
}

#[test]
fn what_was_too_much_for_one_call_is_done_in_the_next_in_order() {
    let (mut world, keys) = world_of(5);
    world.broadcast(keys.clone(), b"first", 2).unwrap();
    world
        .broadcast(keys.clone(), b"second", usize::MAX)
        .unwrap();
    world.send(keys[4], b"third".to_vec()).unwrap();
    assert_eq!(
        world.received(&keys[4..]),
        [application(&[b"first", b"second", b"third"])],
        "a single message follows what was broadcast before"
    );
    assert_eq!(world.ws.deadline(), Some(0), "the rest is due at once");

    world.upgrade();
    let left = Cell::new(1);
    world.ws.on_deadline(world.now, || left.replace(0) > 0);
    assert_eq!(world.ws.deadline(), Some(0));
    world.pass_deadline();
    let mut expected = vec![application(&[b"first", b"second"]); 4];
    expected.push(application(&[b"first", b"second", b"third"]));
    assert_eq!(world.received(&keys), expected);
    assert_ne!(world.ws.deadline(), Some(0));
}

#[test]
fn a_client_gets_what_was_broadcast_before_it_is_closed() {
    let (mut world, keys) = world_of(3);
    world.broadcast(keys.clone(), b"goodbye", 0).unwrap();
    for key in &keys {
        world.ws.close((*key).into(), world.now).unwrap();
    }
    let goodbye = [
        Content::Application(b"goodbye".to_vec()),
        Content::close(CloseMessageReason::ClosedByApplication),
    ];
    for received in world.received(&keys) {
        assert_eq!(received, goodbye);
    }
}

#[test]
fn who_leaves_in_between_is_left_out() {
    let (mut world, keys) = world_of(3);
    world.broadcast(keys.clone(), b"late", 0).unwrap();
    world
        .ws
        .gateway_closed(gateway(1), keys[1], world.now)
        .unwrap();
    world.pass_deadline();
    assert_eq!(
        world.received(&keys),
        [application(&[b"late"]), vec![], application(&[b"late"])]
    );
}

#[test]
fn a_principal_is_all_of_its_connections() {
    let (first, second) = (client(1, 1), client(1, 2));
    let mut world = World::opened(first, gateway(0));
    world.open(second, gateway(1)).unwrap();
    world
        .send(first.client_principal, b"both".to_vec())
        .unwrap();
    assert_eq!(
        world.received(&[first, second]),
        vec![application(&[b"both"]); 2]
    );
    assert_eq!(
        world.ws.connections(first.client_principal),
        [first, second]
    );

    world
        .ws
        .close(first.client_principal.into(), world.now)
        .unwrap();
    let nobody = world.send(first.client_principal, b"nobody".to_vec());
    assert!(matches!(nobody, Err(SendError::NotConnected(_))));
}
