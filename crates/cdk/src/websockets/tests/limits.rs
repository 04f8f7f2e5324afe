//! What happens where the limits are.

use super::*;
use crate::error::MethodError;

fn limited(limits: WsLimits) -> (World, ClientKey) {
    let key = client(1, 1);
    (World::with_limits(limits).open_first(key, gateway(0)), key)
}

#[test]
fn gateways() {
    let (mut world, key) = limited(WsLimits {
        gateways: 2,
        ..WsLimits::default()
    });
    world.open(client(2, 1), gateway(1)).unwrap();
    let refusal = world.open(client(3, 1), gateway(2));
    assert!(matches!(refusal, Err(OpenError::TooManyGateways(2))));
    world.open(client(3, 1), gateway(1)).unwrap();

    world.ws.close(key.into(), world.now).unwrap();
    while world.ws.queues.knows(gateway(0)) {
        world.pass_deadline();
    }
    world.open(client(4, 1), gateway(2)).unwrap();
}

#[test]
fn clients_of_a_gateway() {
    let (mut world, key) = limited(WsLimits {
        clients_per_gateway: 2,
        ..WsLimits::default()
    });
    world.open(client(2, 1), gateway(0)).unwrap();
    let refusal = world.open(client(3, 1), gateway(0));
    assert!(matches!(refusal, Err(OpenError::TooManyClients { .. })));
    world.open(client(3, 1), gateway(1)).unwrap();
    world.ws.close(key.into(), world.now).unwrap();
    world.open(client(4, 1), gateway(0)).unwrap();
}

#[test]
fn connections_of_a_principal() {
    let (mut world, key) = limited(WsLimits {
        clients_per_principal: 2,
        ..WsLimits::default()
    });
    world.open(client(1, 2), gateway(1)).unwrap();
    let refusal = world.open(client(1, 3), gateway(0));
    assert!(matches!(refusal, Err(OpenError::TooManyConnections { .. })));
    world.ws.close(key.into(), world.now).unwrap();
    world.open(client(1, 3), gateway(0)).unwrap();
}

#[test]
fn only_allowed_gateways() {
    let params = WsInitParams::default().with_allowed_gateways([gateway(1)]);
    let mut world = World::with_params(params);
    let refusal = world.open(client(1, 1), gateway(0));
    assert!(matches!(refusal, Err(OpenError::GatewayNotAllowed(refused)) if refused == gateway(0)));
    world.open(client(1, 1), gateway(1)).unwrap();
}

#[test]
fn length_of_messages() {
    let (mut world, key) = limited(WsLimits {
        message_bytes: 10,
        ..WsLimits::default()
    });
    world.send(key, vec![0; 10]).unwrap();
    let refusal = world.send(key, vec![0; 11]);
    assert!(matches!(
        refusal,
        Err(SendError::TooLarge {
            size: 11,
            limit: 10
        })
    ));
    world.receive(key, 1, &[0; 10]).unwrap();
    // Messages about the connection are longer, and not meant.
    world.keep_alive(key, 2).unwrap();
    world.events();
    let refusal = world.receive(key, 3, &[0; 11]);
    assert!(matches!(
        refusal,
        Err(MessageError::TooLarge {
            size: 11,
            limit: 10
        })
    ));
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::MessageTooLarge)]
    );
    assert_eq!(
        world.inbox(key, gateway(0)).last(),
        Some(&Content::close(CloseMessageReason::KeepAliveTimeout)),
        "a reason to come back"
    );
}

#[test]
fn what_waits_for_a_client() {
    let (mut world, key) = limited(WsLimits {
        queued_messages_per_client: 3,
        ..WsLimits::default()
    });
    world.send(key, b"one".to_vec()).unwrap();
    world.send(key, b"two".to_vec()).unwrap();
    let refusal = world.send(key, b"three".to_vec());
    assert!(matches!(refusal, Err(SendError::QueueFull(full)) if full == key));
    assert_eq!(world.events(), [], "the application decides");

    let all = [key.client_principal.into()];
    let sent = world.ws.broadcast(all, b"all".to_vec(), world.now, || true);
    assert!(sent.is_ok(), "for the others");
    assert_eq!(world.events(), [Event::Closed(key, CloseReason::QueueFull)]);
    assert_eq!(
        world.inbox(key, gateway(0)).last(),
        Some(&Content::close(CloseMessageReason::KeepAliveTimeout)),
        "a reason to come back"
    );
}

#[test]
fn bytes_that_wait_for_a_client() {
    let (mut world, key) = limited(WsLimits {
        queued_bytes_per_client: 2000,
        ..WsLimits::default()
    });
    let other = client(2, 1);
    world.open(other, gateway(0)).unwrap();
    world.send(key, vec![0; 1000]).unwrap();
    let refusal = world.send(key, vec![0; 1000]);
    assert!(matches!(refusal, Err(SendError::QueueFull(full)) if full == key));
    world.send(other, vec![0; 1000]).unwrap();

    world.upgrade();
    let refusal = world.send(key, vec![0; 1000]);
    assert!(matches!(refusal, Err(SendError::QueueFull(full)) if full == key));
    world.now += ACK_INTERVAL + 1;
    world.pass_deadline();
    world.send(key, vec![0; 1000]).unwrap();
}

#[test]
fn bytes_that_wait_in_all() {
    let (mut world, key) = limited(WsLimits {
        queued_bytes: 2500,
        ..WsLimits::default()
    });
    let other = client(2, 1);
    world.open(other, gateway(1)).unwrap();
    world.send(key, vec![0; 700]).unwrap();
    world
        .ws
        .broadcast([other.into()], vec![0; 700], world.now, || false)
        .unwrap();
    let refusal = world.send(key, vec![0; 600]);
    assert!(matches!(refusal, Err(SendError::QueuesFull)));
    world.send(key, vec![0; 10]).unwrap();
    let both = [key.into(), other.into()];
    let refusal = world.ws.broadcast(both, vec![0; 300], world.now, || true);
    assert!(matches!(refusal, Err(SendError::QueuesFull)));
    assert_eq!(world.events(), [Event::Opened(other)], "nobody is closed");
}

#[test]
fn messages_that_wait_in_all() {
    let (mut world, key) = limited(WsLimits {
        queued_messages: 3,
        ..WsLimits::default()
    });
    world.send(key, Vec::new()).unwrap();
    world
        .ws
        .broadcast([key.into()], Vec::new(), world.now, || false)
        .unwrap();
    let refusal = world.send(key, Vec::new());
    assert!(matches!(refusal, Err(SendError::QueuesFull)));
}

/// What was sent before is not kept for ever where nothing more is sent.
#[test]
fn old_messages_go_though_nothing_is_sent() {
    let (mut world, key) = limited(WsLimits::default());
    for n in 0..5000u32 {
        world.send(key, n.to_be_bytes().to_vec()).unwrap();
    }
    world.now += ACK_INTERVAL + 1;
    world.pass_deadline();
    let left = world.inbox(key, gateway(0));
    assert_eq!(left, [Content::ack(0)]);
}

#[test]
fn recipients_of_broadcasts_under_way() {
    let (mut world, key) = limited(WsLimits {
        pending_recipients: 1,
        ..WsLimits::default()
    });
    let broadcast = |world: &mut World, message: &[u8]| {
        let (now, message) = (world.now, message.to_vec());
        world.ws.broadcast([key.into()], message, now, || false)
    };
    broadcast(&mut world, b"one").unwrap();
    let refusal = broadcast(&mut world, b"two");
    assert!(matches!(refusal, Err(SendError::TooManyRecipients(1))));
    world.pass_deadline();
    broadcast(&mut world, b"three").unwrap();
}

#[test]
fn messages_that_come_early() {
    let (mut world, key) = limited(WsLimits {
        early_messages_per_client: 3,
        ..WsLimits::default()
    });
    world.receive(key, 3, b"three").unwrap();
    let refusal = world.receive(key, 4, b"four");
    assert!(matches!(
        refusal,
        Err(MessageError::TooEarly {
            expected: 1,
            actual: 4
        })
    ));
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::TooManyEarlyMessages)]
    );
}

#[test]
fn bytes_of_a_client_that_come_early() {
    let (mut world, key) = limited(WsLimits {
        early_bytes_per_client: 10,
        ..WsLimits::default()
    });
    let other = client(2, 1);
    world.open(other, gateway(0)).unwrap();
    for n in 2..4 {
        world.receive(key, n, &[0; 5]).unwrap();
        world.receive(other, n, &[0; 5]).unwrap();
    }
    world.receive(other, 1, &[0; 5]).unwrap();
    world.events();
    world.receive(other, 5, &[0; 10]).unwrap();
    world.upgrade();
    world.receive(key, 4, &[0; 1]).unwrap_err();
    assert_eq!(
        world.events(),
        [Event::Closed(key, CloseReason::TooManyEarlyMessages)]
    );
}

#[test]
fn bytes_of_messages_that_come_early() {
    let (mut world, key) = limited(WsLimits {
        early_bytes: 10,
        ..WsLimits::default()
    });
    let other = client(2, 1);
    world.open(other, gateway(0)).unwrap();
    world.receive(other, 2, &[0; 6]).unwrap();
    world.receive(key, 1, &[0; 6]).unwrap();
    world.receive(key, 3, &[0; 6]).unwrap_err();
    world.receive(other, 1, &[0; 6]).unwrap();
    // What has had its turn takes no room any more.
    world.events();
    world.receive(other, 4, &[0; 6]).unwrap();
    assert!(world.ws.is_connected(&other));
}

#[test]
fn junk_is_known_before_it_costs_anything() {
    let (world, key) = limited(WsLimits::default());
    let check = |caller, method: &str, arg_bytes| world.ws.check_call(caller, method, arg_bytes);
    let (person, stranger) = (key.client_principal, principal(99));

    assert_eq!(check(stranger, "ws_open", 100), Ok(()));
    assert_eq!(check(person, "ws_message", 100_000), Ok(()));
    assert_eq!(check(gateway(0), "ws_close", 100), Ok(()));

    let anonymous = Principal::anonymous();
    assert_eq!(
        check(anonymous, "ws_open", 100),
        Err(MethodError::Anonymous)
    );
    for method in ["ws_message", "ws_close"] {
        assert_eq!(
            check(stranger, method, 100),
            Err(MethodError::NotConnected(stranger))
        );
    }
    for (caller, method) in [
        (stranger, "ws_open"),
        (person, "ws_message"),
        (gateway(0), "ws_close"),
    ] {
        let refusal = check(caller, method, 3 << 20);
        assert!(
            matches!(refusal, Err(MethodError::TooLong { .. })),
            "{method}"
        );
    }
    assert!(matches!(
        check(person, "transfer", 1),
        Err(MethodError::Unknown(_))
    ));
}

/// Made-up gateways and a greedy principal use up what is theirs, and nobody else's.
#[test]
fn honest_clients_do_not_notice_an_attack() {
    let mut world = World::new();
    let honest: Vec<_> = (0..10).map(|n| client(n, 1)).collect();
    for key in &honest {
        world.open(*key, gateway(0)).unwrap();
    }
    let made_up = |n: u64| Principal::self_authenticating(n.to_be_bytes());
    let greedy = made_up(u64::MAX);
    let mut opened = 0;
    for client_nonce in 0..10_000 {
        let key = ClientKey {
            client_principal: greedy,
            client_nonce,
        };
        opened += usize::from(world.open(key, made_up(client_nonce % 1000)).is_ok());
    }
    let limits = WsLimits::default();
    assert_eq!(opened, limits.clients_per_principal);
    let attackers = (0..1000).map(|n| ClientKey {
        client_principal: made_up(n),
        client_nonce: n,
    });
    let refused = attackers
        .filter(|key| world.open(*key, made_up(key.client_nonce)).is_err())
        .count();
    assert_eq!(refused, 1001 - limits.gateways, "one gateway is honest");

    world.events();
    for key in &honest {
        world.receive(*key, 1, b"hello").unwrap();
        world.send(*key, b"welcome".to_vec()).unwrap();
    }
    world.open(client(20, 1), gateway(0)).unwrap();
    while world.ws.queues.gateways() > 1 {
        world.pass_deadline();
        for key in honest.iter().chain([&client(20, 1)]) {
            let next = world.ws.client(key).unwrap().last_received + 1;
            world.keep_alive(*key, next).unwrap();
        }
    }
    world.open(client(21, 1), gateway(1)).unwrap();
    assert!(honest.iter().all(|key| world.ws.is_connected(key)));
}
