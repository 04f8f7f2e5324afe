//! The loop around the state machines, on a platform in memory and with simulated time.

use std::{future::pending, sync::atomic::Ordering, time::Duration};

use ic_transport_types::EnvelopeContent;
use ic_ws_client::{
    CloseFrame, CloseReason, Config, Ed25519Signer, Event, SendError, SignError, Signer,
    SocketError,
    platform::{Incoming, Outgoing},
};
use tokio::time::Instant;

use crate::{
    model::{Received, config, gateway_id},
    simulation::{
        NoSocket, World, chat, close_reason, connect_with, next_event, open_with, opened, signer,
        start,
    },
};

#[tokio::test(start_paused = true)]
async fn opens_and_exchanges_messages() {
    let (connection, mut events, mut gateway) = connect_with(config(), signer()).await;
    gateway.open().await;
    let Some(Event::Opened {
        client_key,
        gateway: opened_by,
        reopened: false,
    }) = next_event(&mut events).await
    else {
        panic!("not opened");
    };
    assert_eq!(client_key, gateway.peer.client_key);
    assert_eq!(opened_by, gateway_id());

    connection.send(&chat("up")).unwrap();
    assert_eq!(gateway.receive_message().await, chat("up"));
    gateway.deliver_message(&chat("down"));
    let Some(Event::Message(received)) = next_event(&mut events).await else {
        panic!("no message");
    };
    assert_eq!(received, chat("down"));
}

#[tokio::test(start_paused = true)]
async fn answers_acknowledgements() {
    let (connection, mut events, mut gateway) = open_with(config()).await;
    connection.send(&chat("up")).unwrap();
    gateway.receive_message().await;
    let frame = gateway.peer.ack(1, gateway.now());
    gateway.deliver(frame);
    let event = next_event(&mut events).await;
    assert!(matches!(event, Some(Event::Acknowledged { up_to: 1 })));
    let keep_alive = Received::KeepAlive { last_received: 2 };
    assert_eq!(gateway.receive().await, keep_alive);
}

#[tokio::test(start_paused = true)]
async fn messages_wait_in_a_bounded_queue_until_the_connection_is_open() {
    let limited = Config {
        max_pending_messages: 3,
        ..config()
    };
    let (connection, mut events, mut gateway) = connect_with(limited, signer()).await;
    for text in ["1", "2", "3"] {
        connection.send(&chat(text)).unwrap();
    }
    let full = connection.send(&chat("4"));
    assert!(matches!(
        full,
        Err(SendError::QueueFull { messages: 3, .. })
    ));
    gateway.open().await;
    for text in ["1", "2", "3"] {
        assert_eq!(gateway.receive_message().await, chat(text));
    }
    // Sent is not arrived.
    let full = connection.send(&chat("4"));
    assert!(matches!(full, Err(SendError::QueueFull { .. })));
    let frame = gateway.peer.ack(3, gateway.now());
    gateway.deliver(frame);
    while !matches!(
        next_event(&mut events).await,
        Some(Event::Acknowledged { up_to: 3 })
    ) {}
    connection.send(&chat("4")).unwrap();
}

/// What comes is read before anything is sent; but nobody waits for the end of it.
#[tokio::test(start_paused = true)]
async fn a_flood_of_receipts_holds_up_no_call() {
    const FLOOD: u32 = 1_000;
    const TICK: Duration = Duration::from_millis(1);
    let (mut world, mut sockets) = World::new();
    world.has_receipts = true;
    let tick = world.tick.clone();
    let (connection, mut events) = start(world, config(), signer());
    let mut gateway = sockets.accept().await;
    gateway.open().await;
    opened(&mut events).await;
    connection.send(&chat("1")).unwrap();
    let (call, _) = gateway.call().await;
    let receipt = gateway.peer.receipt(&call, &Ok(()), gateway.now());

    tick.store(TICK.as_nanos() as u64, Ordering::Relaxed);
    let began = gateway.now();
    for _ in 0..FLOOD {
        gateway.deliver(receipt.clone());
    }
    connection.send(&chat("2")).unwrap();
    assert!(matches!(gateway.next().await, Outgoing::Frame(_)));
    let took = Duration::from_nanos(gateway.now() - began);
    assert!(took < FLOOD * TICK / 5, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn refuses_a_message_that_is_too_large() {
    let limited = Config {
        max_message_bytes: 50,
        ..config()
    };
    let (connection, _events, _gateway) = connect_with(limited, signer()).await;
    let refused = connection.send(&chat(&"x".repeat(60)));
    assert!(matches!(
        refused,
        Err(SendError::TooLarge { limit: 50, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn closing_closes_the_socket() {
    let (connection, mut events, mut gateway) = open_with(config()).await;
    connection.close();
    assert_eq!(gateway.closed().await.code, 1000);
    assert_eq!(close_reason(&mut events).await, CloseReason::ClosedByClient);
    let refused = connection.send(&chat("too late"));
    assert!(matches!(refused, Err(SendError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes() {
    let (connection, mut events, mut gateway) = open_with(config()).await;
    let clone = connection.clone();
    drop(connection);
    clone.send(&chat("still here")).unwrap();
    assert_eq!(gateway.receive_message().await, chat("still here"));
    drop(clone);
    assert_eq!(gateway.closed().await.code, 1000);
    assert_eq!(close_reason(&mut events).await, CloseReason::ClosedByClient);
}

/// A world in which no socket is opened.
fn without(no_socket: NoSocket) -> World {
    let (world, _sockets) = World::new();
    *world.no_socket.lock().unwrap() = Some(no_socket);
    world
}

#[tokio::test(start_paused = true)]
async fn closing_before_the_socket_is_open_gives_up() {
    let (connection, mut events) = start(without(NoSocket::Never), config(), signer());
    connection.close();
    assert_eq!(close_reason(&mut events).await, CloseReason::ClosedByClient);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_never_opens_times_out() {
    let (_connection, mut events) = start(without(NoSocket::Never), config(), signer());
    let timeout = CloseReason::HandshakeTimeout(config().open_timeout);
    assert_eq!(close_reason(&mut events).await, timeout);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_fails_says_why() {
    let refused = SocketError::Connect("refused".into());
    let fails = NoSocket::Fails(refused.clone());
    let (_connection, mut events) = start(without(fails), config(), signer());
    assert_eq!(close_reason(&mut events).await, refused.into());

    let (_connection, mut events, gateway) = open_with(config()).await;
    gateway.incoming(Err(SocketError::TextFrame));
    let text = CloseReason::Socket(SocketError::TextFrame);
    assert_eq!(close_reason(&mut events).await, text);

    let (_connection, mut events, gateway) = open_with(config()).await;
    drop(gateway);
    let broken = close_reason(&mut events).await;
    assert!(matches!(
        broken,
        CloseReason::Socket(SocketError::Broken(_))
    ));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_fails_does_not_wait_for_the_time() {
    let refused = SocketError::Connect("refused".into());
    let mut world = without(NoSocket::Fails(refused.clone()));
    world.network_answers = false;
    let mut config = config();
    config.network.url = Some("https://network".into());
    let began = Instant::now();
    let (_connection, mut events) = start(world, config, signer());
    assert_eq!(close_reason(&mut events).await, refused.into());
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_gateways_close_code_and_reason_reach_the_application() {
    let (_connection, mut events, gateway) = open_with(config()).await;
    let frame = CloseFrame::new(1013, "too many clients");
    gateway.incoming(Ok(Incoming::Closed(frame.clone())));
    let reason = close_reason(&mut events).await;
    assert_eq!(reason, CloseReason::ClosedByGateway(frame));
    assert_eq!(
        reason.to_string(),
        "closed by the gateway: too many clients (code 1013)"
    );
}

#[tokio::test(start_paused = true)]
async fn tampering_closes_the_socket_with_a_reason() {
    let (_connection, mut events, mut gateway) = open_with(config()).await;
    gateway.peer.sent += 1;
    gateway.deliver_message(&chat("after a gap"));
    let close = gateway.closed().await;
    assert_eq!(close.code, 4000);
    assert!(close.reason.contains("message 2 was expected"), "{close}");
    let gap = CloseReason::WrongSequenceNumber {
        expected: 2,
        received: 3,
    };
    assert_eq!(close_reason(&mut events).await, gap);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_another_type_is_an_event() {
    let (_connection, mut events, mut gateway) = open_with(config()).await;
    gateway.deliver_message(&42u64);
    let Some(Event::Undecodable { content, .. }) = next_event(&mut events).await else {
        panic!("no event");
    };
    assert_eq!(content, candid::encode_one(42u64).unwrap());
    gateway.deliver_message(&chat("fine"));
    assert!(matches!(
        next_event(&mut events).await,
        Some(Event::Message(_))
    ));
}

#[tokio::test(start_paused = true)]
async fn too_many_unread_events_close() {
    let limited = Config {
        max_queued_events: 2,
        ..config()
    };
    let (_connection, mut events, mut gateway) = open_with(limited).await;
    for _ in 0..3 {
        gateway.deliver_message(&chat("unread"));
    }
    assert_eq!(gateway.closed().await.code, 4000);
    for _ in 0..2 {
        assert!(matches!(
            next_event(&mut events).await,
            Some(Event::Message(_))
        ));
    }
    let reason = close_reason(&mut events).await;
    assert_eq!(reason, CloseReason::EventsOverrun(2));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_events_closes() {
    let (_connection, events, mut gateway) = open_with(config()).await;
    drop(events);
    assert_eq!(gateway.closed().await.code, 1000);
}

#[tokio::test(start_paused = true)]
async fn withheld_acknowledgements_close() {
    let (connection, mut events, mut gateway) = open_with(config()).await;
    let before = Instant::now();
    connection.send(&chat("lost")).unwrap();
    assert_eq!(gateway.closed().await.code, 4000);
    let timeout = CloseReason::AckTimeout {
        sequence_num: 1,
        timeout: Duration::from_secs(150),
    };
    assert_eq!(close_reason(&mut events).await, timeout);
    let waited = before.elapsed();
    assert!((150..=151).contains(&waited.as_secs()), "{waited:?}");
}

/// Signs the first call only.
struct StuckSigner(
    Ed25519Signer,
    Result<(), SignError>,
    std::sync::atomic::AtomicBool,
);

impl StuckSigner {
    fn new(then: Result<(), SignError>) -> Self {
        Self(signer(), then, false.into())
    }
}

impl Signer for StuckSigner {
    fn public_key(&self) -> Vec<u8> {
        self.0.public_key()
    }

    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        if !self.2.swap(true, Ordering::Relaxed) {
            return self.0.signature(content).await;
        }
        self.1.clone()?;
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn slow_signing_holds_up_nothing_else() {
    let (connection, mut events, mut gateway) =
        connect_with(config(), StuckSigner::new(Ok(()))).await;
    gateway.open().await;
    connection.send(&chat("never signed")).unwrap();
    gateway.deliver_message(&chat("down"));
    assert!(matches!(
        next_event(&mut events).await,
        Some(Event::Opened { .. })
    ));
    assert!(matches!(
        next_event(&mut events).await,
        Some(Event::Message(_))
    ));
    connection.close();
    assert_eq!(gateway.closed().await.code, 1000);
}

#[tokio::test(start_paused = true)]
async fn failing_to_sign_closes() {
    let expired = SignError::SessionExpired;
    let signer = StuckSigner::new(Err(expired.clone()));
    let (connection, mut events, mut gateway) = connect_with(config(), signer).await;
    gateway.open().await;
    connection.send(&chat("unsigned")).unwrap();
    assert_eq!(gateway.closed().await.code, 4000);
    assert_eq!(close_reason(&mut events).await, expired.into());
}
