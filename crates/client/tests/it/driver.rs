//! The loop around the state machine, on a socket in memory and with simulated time.

use std::{
    future::{Future, pending, ready},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use candid::{CandidType, Decode};
use futures::{Sink, Stream, StreamExt, channel::mpsc};
use ic_transport_types::EnvelopeContent;
use ic_ws_client::{
    CloseFrame, CloseReason, Config, Connection, Ed25519Signer, Event, Events, SendError,
    SignError, Signer, SocketError,
    driver::{Clock, Incoming, Outgoing, connect_over},
};
use ic_ws_protocol::{ClientFrame, ClientKey};
use serde::Deserialize;
use tokio::time::Instant;

use crate::model::{Peer, Received, START, config, gateway_id};

#[derive(CandidType, Deserialize, Debug, Clone, PartialEq)]
struct Chat {
    text: String,
}

fn chat(text: &str) -> Chat {
    Chat { text: text.into() }
}

#[derive(Clone, Copy)]
struct SimulatedClock(Instant);

impl SimulatedClock {
    fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> u64 {
        START + self.0.elapsed().as_nanos() as u64
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}

/// The client's end of a socket in memory.
struct MemorySocket {
    incoming: mpsc::UnboundedReceiver<Result<Incoming, SocketError>>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
}

impl Stream for MemorySocket {
    type Item = Result<Incoming, SocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_next_unpin(cx)
    }
}

impl Sink<Outgoing> for MemorySocket {
    type Error = SocketError;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, item: Outgoing) -> Result<(), SocketError> {
        self.outgoing
            .unbounded_send(item)
            .map_err(|e| SocketError::Broken(e.to_string()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }
}

/// An hour of simulated time, which passes at once when nothing else happens.
async fn within_an_hour<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3600), future)
        .await
        .unwrap()
}

async fn next_event(events: &mut Events<Chat>) -> Option<Event<Chat>> {
    within_an_hour(events.next()).await
}

/// The other end: the gateway's, with the canister behind it.
struct Gateway {
    frames: mpsc::UnboundedSender<Result<Incoming, SocketError>>,
    calls: mpsc::UnboundedReceiver<Outgoing>,
    peer: Peer,
    clock: SimulatedClock,
}

impl Gateway {
    fn deliver(&self, frame: Vec<u8>) {
        self.incoming(Ok(Incoming::Frame(frame)));
    }

    fn incoming(&self, incoming: Result<Incoming, SocketError>) {
        self.frames.unbounded_send(incoming).unwrap();
    }

    fn deliver_message(&mut self, message: &impl CandidType) {
        let content = candid::encode_one(message).unwrap();
        let frame = self.peer.message(&content, self.clock.now());
        self.deliver(frame.encode().unwrap());
    }

    async fn next(&mut self) -> Outgoing {
        within_an_hour(self.calls.next()).await.unwrap()
    }

    /// Waits for the client's next call.
    async fn receive(&mut self) -> Received {
        match self.next().await {
            Outgoing::Frame(frame) => {
                let frame = ClientFrame::decode(&frame).unwrap();
                self.peer.receive(&frame.envelope.content, self.clock.now())
            }
            Outgoing::Close(close) => panic!("closed: {close}"),
        }
    }

    async fn receive_message(&mut self) -> Chat {
        match self.receive().await {
            Received::Message(content) => Decode!(&content, Chat).unwrap(),
            other => panic!("not a message but {other:?}"),
        }
    }

    /// Lets the client open.
    async fn open(&mut self) {
        self.deliver(self.peer.handshake());
        assert_eq!(self.receive().await, Received::Open);
        let frame = self.peer.open(self.clock.now());
        self.deliver(frame);
    }

    /// The frame with which the client closes, whatever it sends before.
    async fn closed(&mut self) -> CloseFrame {
        loop {
            if let Outgoing::Close(frame) = self.next().await {
                return frame;
            }
        }
    }
}

type Client = (Connection<Chat>, Events<Chat>, Gateway);

fn connect_with(config: Config, signer: impl Signer + 'static) -> Client {
    let clock = SimulatedClock::new();
    let (frames, incoming) = mpsc::unbounded();
    let (outgoing, calls) = mpsc::unbounded();
    let socket = MemorySocket { incoming, outgoing };
    let gateway = Gateway {
        frames,
        calls,
        peer: Peer::new(ClientKey {
            client_principal: signer.principal(),
            client_nonce: 0,
        }),
        clock,
    };
    let (connection, events, driver) = connect_over(config, signer, clock, ready(Ok(socket)));
    tokio::spawn(driver);
    (connection, events, gateway)
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_raw(&[1; 32])
}

/// A connection that is open, with the event that says so taken.
async fn open_with(config: Config) -> Client {
    let (connection, mut events, mut gateway) = connect_with(config, signer());
    gateway.open().await;
    assert!(matches!(
        next_event(&mut events).await,
        Some(Event::Opened { .. })
    ));
    (connection, events, gateway)
}

async fn close_reason(events: &mut Events<Chat>) -> CloseReason {
    loop {
        match next_event(events).await {
            Some(Event::Closed(reason)) => {
                assert!(next_event(events).await.is_none());
                return reason;
            }
            Some(_) => {}
            None => panic!("ended without an event"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn opens_and_exchanges_messages() {
    let (connection, mut events, mut gateway) = connect_with(config(), signer());
    gateway.open().await;
    let Some(Event::Opened {
        client_key,
        gateway: opened_by,
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
    let frame = gateway.peer.ack(1, gateway.clock.now());
    gateway.deliver(frame);
    let event = next_event(&mut events).await;
    assert!(matches!(event, Some(Event::Acknowledged { up_to: 1 })));
    let keep_alive = Received::KeepAlive { last_received: 2 };
    assert_eq!(gateway.receive().await, keep_alive);
}

#[tokio::test(start_paused = true)]
async fn messages_wait_in_a_bounded_queue_until_the_connection_is_open() {
    let limited = Config {
        max_queued_messages: 3,
        ..config()
    };
    let (connection, _events, mut gateway) = connect_with(limited, signer());
    for text in ["1", "2", "3"] {
        connection.send(&chat(text)).unwrap();
    }
    let full = connection.send(&chat("4"));
    assert!(matches!(full, Err(SendError::QueueFull(3))));
    gateway.open().await;
    for text in ["1", "2", "3"] {
        assert_eq!(gateway.receive_message().await, chat(text));
    }
    connection.send(&chat("4")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn refuses_a_message_that_is_too_large() {
    let limited = Config {
        max_message_bytes: 50,
        ..config()
    };
    let (connection, _events, _gateway) = connect_with(limited, signer());
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

#[tokio::test(start_paused = true)]
async fn closing_before_the_socket_is_open_gives_up() {
    let socket = pending::<Result<MemorySocket, SocketError>>();
    let (connection, mut events, driver) =
        connect_over::<Chat, _>(config(), signer(), SimulatedClock::new(), socket);
    tokio::spawn(driver);
    connection.close();
    assert_eq!(close_reason(&mut events).await, CloseReason::ClosedByClient);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_never_opens_times_out() {
    let socket = pending::<Result<MemorySocket, SocketError>>();
    let (_connection, mut events, driver) =
        connect_over::<Chat, _>(config(), signer(), SimulatedClock::new(), socket);
    tokio::spawn(driver);
    let timeout = CloseReason::HandshakeTimeout(config().open_timeout);
    assert_eq!(close_reason(&mut events).await, timeout);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_fails_says_why() {
    let refused = SocketError::Connect("refused".into());
    let socket = ready(Err::<MemorySocket, _>(refused.clone()));
    let (_connection, mut events, driver) =
        connect_over::<Chat, _>(config(), signer(), SimulatedClock::new(), socket);
    tokio::spawn(driver);
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
        if !self.2.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return self.0.signature(content).await;
        }
        self.1.clone()?;
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn slow_signing_holds_up_nothing_else() {
    let (connection, mut events, mut gateway) = connect_with(config(), StuckSigner::new(Ok(())));
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
    let (connection, mut events, mut gateway) = connect_with(config(), signer);
    gateway.open().await;
    connection.send(&chat("unsigned")).unwrap();
    assert_eq!(gateway.closed().await.code, 4000);
    assert_eq!(close_reason(&mut events).await, expired.into());
}
