//! Connections that are lost and opened again.

use std::time::Duration;

use ic_ws_client::{
    CallKind, CloseFrame, CloseReason, Config, Connection, DeliveryError, Event, Events, Network,
    Reconnect, SocketError, platform::Incoming,
};
use ic_ws_protocol::CloseMessageReason;
use tokio::time::Instant;

use crate::{
    model::persistent_config,
    simulation::{
        Chat, Gateway, NoSocket, Sockets, World, chat, close_reason, next_event, opened, signer,
        start, within_an_hour,
    },
};

type Client = (Connection<Chat>, Events<Chat>, Gateway, Sockets);

async fn open_in(world: World, mut sockets: Sockets, config: Config) -> Client {
    let (connection, mut events) = start(world, config, signer());
    let mut gateway = sockets.accept().await;
    gateway.open().await;
    assert!(!opened(&mut events).await);
    (connection, events, gateway, sockets)
}

async fn open() -> Client {
    let (world, sockets) = World::new();
    open_in(world, sockets, persistent_config()).await
}

async fn open_with_receipts() -> Client {
    let (mut world, sockets) = World::new();
    world.has_receipts = true;
    open_in(world, sockets, persistent_config()).await
}

fn closed_by_gateway() -> Incoming {
    Incoming::Closed(CloseFrame::new(1012, "the gateway restarts"))
}

/// Why the connection was lost, and where to the client turns.
async fn lost(events: &mut Events<Chat>) -> (CloseReason, String) {
    loop {
        match next_event(events).await {
            Some(Event::Reconnecting {
                reason, gateway, ..
            }) => return (reason, gateway),
            Some(Event::Acknowledged { .. } | Event::Message(_)) => {}
            other => panic!("not lost, but {other:?}"),
        }
    }
}

/// The gateway that the client turns to, and the connection open again.
async fn reopened(events: &mut Events<Chat>, sockets: &mut Sockets) -> Gateway {
    let mut gateway = sockets.accept().await;
    gateway.open().await;
    assert!(opened(events).await);
    gateway
}

#[tokio::test(start_paused = true)]
async fn the_next_gateway_gets_what_was_not_acknowledged() {
    let (connection, mut events, mut gateway, mut sockets) = open().await;
    assert_eq!(gateway.url, "ws://one");
    for text in ["1", "2", "3"] {
        connection.send(&chat(text)).unwrap();
        assert_eq!(gateway.receive_message().await, chat(text));
    }
    let frame = gateway.peer.ack(1, gateway.now());
    gateway.deliver(frame);
    gateway.incoming(Ok(closed_by_gateway()));
    let (reason, next) = lost(&mut events).await;
    assert!(
        reason.to_string().contains("the gateway restarts"),
        "{reason}"
    );
    assert_eq!(next, "ws://two");
    connection.send(&chat("4")).unwrap();

    let mut gateway = reopened(&mut events, &mut sockets).await;
    assert_eq!(gateway.url, "ws://two");
    for text in ["2", "3", "4"] {
        assert_eq!(gateway.receive_message().await, chat(text));
    }
}

#[tokio::test(start_paused = true)]
async fn every_connection_begins_with_the_greeting() {
    let (connection, mut events, mut gateway, mut sockets) = open().await;
    connection.greet_with(&chat("I am Alice")).unwrap();
    connection.send(&chat("1")).unwrap();
    for text in ["I am Alice", "1"] {
        assert_eq!(gateway.receive_message().await, chat(text));
    }
    drop(gateway);
    lost(&mut events).await;
    let mut gateway = reopened(&mut events, &mut sockets).await;
    for text in ["I am Alice", "1"] {
        assert_eq!(gateway.receive_message().await, chat(text));
    }
    // Nobody is told that the greeting has arrived: it has no number.
    let frame = gateway.peer.ack(2, gateway.now());
    gateway.deliver(frame);
    let event = next_event(&mut events).await;
    assert!(matches!(event, Some(Event::Acknowledged { up_to: 1 })));
}

#[tokio::test(start_paused = true)]
async fn a_misbehaving_gateway_is_left_out() {
    let (_connection, mut events, mut gateway, mut sockets) = open().await;
    gateway.peer.sent += 1;
    gateway.deliver_message(&chat("after a gap"));
    let (reason, _) = lost(&mut events).await;
    assert!(reason.is_misbehaviour(), "{reason}");
    let gateway = reopened(&mut events, &mut sockets).await;
    assert_eq!(gateway.url, "ws://two");
    drop(gateway);
    let (_, next) = lost(&mut events).await;
    assert_eq!(next, "ws://two");
}

#[tokio::test(start_paused = true)]
async fn waits_grow_while_nothing_answers() {
    let (world, _sockets) = World::new();
    let refused = SocketError::Connect("refused".into());
    *world.no_socket.lock().unwrap() = Some(NoSocket::Fails(refused.clone()));
    let give_up_after = Some(Duration::from_secs(600));
    let patient = Config {
        reconnect: Reconnect {
            give_up_after,
            ..Reconnect::default()
        },
        ..persistent_config()
    };
    let began = Instant::now();
    let (_connection, mut events) = start(world, patient, signer());
    let mut attempts = 0;
    loop {
        match next_event(&mut events).await {
            Some(Event::Reconnecting { attempt, wait, .. }) => {
                attempts += 1;
                assert_eq!(attempt, attempts);
                assert!(wait <= Duration::from_secs(30), "{wait:?}");
            }
            Some(Event::Closed(reason)) => {
                assert_eq!(reason, refused.into());
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    let took = began.elapsed().as_secs();
    assert!((600..=630).contains(&took), "{took}");
    assert!((25..100).contains(&attempts), "{attempts}");
}

#[tokio::test(start_paused = true)]
async fn what_the_application_closes_stays_closed() {
    let (_connection, mut events, mut gateway, _sockets) = open().await;
    let by_application = CloseMessageReason::ClosedByApplication;
    let frame = gateway.peer.close(by_application, gateway.now());
    gateway.deliver(frame);
    assert_eq!(
        close_reason(&mut events).await,
        CloseReason::ClosedByCanister(by_application)
    );

    // Also while there is no connection.
    let (connection, mut events, gateway, _sockets) = open().await;
    drop(gateway);
    lost(&mut events).await;
    let sent = connection.send(&chat("in vain")).unwrap();
    connection.close();
    assert_eq!(close_reason(&mut events).await, CloseReason::ClosedByClient);
    assert_eq!(sent.await, Err(DeliveryError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_known_to_have_arrived_at_the_next_acknowledgement() {
    let (connection, _events, mut gateway, _sockets) = open().await;
    let sent = connection.send(&chat("1")).unwrap();
    assert_eq!(sent.number(), 1);
    gateway.receive_message().await;
    let frame = gateway.peer.ack(1, gateway.now());
    gateway.deliver(frame);
    assert_eq!(within_an_hour(sent).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn or_at_once_where_there_are_receipts() {
    let (connection, _events, mut gateway, _sockets) = open_with_receipts().await;
    let began = Instant::now();
    let sent = connection.send(&chat("1")).unwrap();
    gateway.receive_and_reply(&Ok(())).await;
    assert_eq!(within_an_hour(sent).await, Ok(()));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_twice_is_not_sent_again() {
    let (connection, mut events, mut gateway, mut sockets) = open_with_receipts().await;
    let refused = connection.send(&chat("bad")).unwrap();
    let accepted = connection.send(&chat("good")).unwrap();
    let no = Err("too long".to_owned());
    assert_eq!(gateway.receive_and_reply(&no).await, chat("bad"));
    lost(&mut events).await;

    let mut gateway = reopened(&mut events, &mut sockets).await;
    assert_eq!(gateway.receive_and_reply(&no).await, chat("bad"));
    let event = next_event(&mut events).await;
    assert!(matches!(event, Some(Event::Refused { number: 1, .. })));
    let reason = DeliveryError::Refused("too long".into());
    assert_eq!(within_an_hour(refused).await, Err(reason));

    lost(&mut events).await;
    let mut gateway = reopened(&mut events, &mut sockets).await;
    assert_eq!(gateway.receive_and_reply(&Ok(())).await, chat("good"));
    assert_eq!(within_an_hour(accepted).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_network_rejects_again_and_again_is_reported() {
    let (connection, mut events, mut gateway, mut sockets) = open_with_receipts().await;
    let rejected = connection.send(&chat("bad")).unwrap();
    let accepted = connection.send(&chat("good")).unwrap();
    for _ in 0..9 {
        assert_eq!(gateway.receive_and_reject("no").await, chat("bad"));
        lost(&mut events).await;
        gateway = reopened(&mut events, &mut sockets).await;
    }
    gateway.receive_and_reject("no").await;
    let event = next_event(&mut events).await;
    assert!(matches!(event, Some(Event::Refused { number: 1, .. })));
    let reason = DeliveryError::Refused("the network refused a message: no".into());
    assert_eq!(within_an_hour(rejected).await, Err(reason));

    lost(&mut events).await;
    let mut gateway = reopened(&mut events, &mut sockets).await;
    assert_eq!(gateway.receive_and_reply(&Ok(())).await, chat("good"));
    assert_eq!(within_an_hour(accepted).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_is_refused_twice_is_the_end() {
    let (connection, mut events, mut gateway, mut sockets) = open_with_receipts().await;
    connection.greet_with(&chat("I am Mallory")).unwrap();
    let no = Err("banned".to_owned());
    gateway.receive_and_reply(&no).await;
    lost(&mut events).await;
    let mut gateway = reopened(&mut events, &mut sockets).await;
    gateway.receive_and_reply(&no).await;
    let refused = CloseReason::Refused {
        call: CallKind::Greeting,
        reason: "banned".into(),
    };
    assert_eq!(close_reason(&mut events).await, refused);
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_closes_the_socket_again_and_again_is_the_end() {
    let (connection, mut events, mut gateway, mut sockets) = open().await;
    connection.greet_with(&chat("hello?")).unwrap();
    for _ in 0..9 {
        gateway.receive_message().await;
        gateway.incoming(Ok(closed_by_gateway()));
        lost(&mut events).await;
        gateway = reopened(&mut events, &mut sockets).await;
    }
    gateway.receive_message().await;
    gateway.incoming(Ok(closed_by_gateway()));
    let reason = close_reason(&mut events).await;
    assert!(
        matches!(reason, CloseReason::ClosedByGateway(_)),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_lasted_is_held_against_no_message() {
    let (connection, mut events, mut gateway, mut sockets) = open().await;
    connection.send(&chat("1")).unwrap();
    for _ in 0..20 {
        assert_eq!(gateway.receive_message().await, chat("1"));
        tokio::time::sleep(Duration::from_secs(31)).await;
        gateway.incoming(Ok(closed_by_gateway()));
        lost(&mut events).await;
        gateway = reopened(&mut events, &mut sockets).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_clock_is_hours_off_connects() {
    const TWO_HOURS: i64 = 2 * 3600 * 1_000_000_000;
    for device_ahead in [TWO_HOURS, -TWO_HOURS] {
        let (mut world, sockets) = World::new();
        world.device_ahead = device_ahead;
        let config = persistent_config();
        let network = Network {
            url: Some("https://network/".into()),
            ..config.network
        };
        let config = Config { network, ..config };
        // The model checks that calls have the network's time.
        let (connection, mut events, mut gateway, _sockets) = open_in(world, sockets, config).await;
        connection.send(&chat("up")).unwrap();
        assert_eq!(gateway.receive_message().await, chat("up"));
        gateway.deliver_message(&chat("down"));
        let event = next_event(&mut events).await;
        assert!(matches!(event, Some(Event::Message(_))), "{event:?}");
    }
}
