//! A platform in memory: sockets whose other end is a [`Gateway`], and simulated time.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use candid::{CandidType, Decode};
use futures::{Sink, Stream, StreamExt, channel::mpsc};
use ic_transport_types::{EnvelopeContent, ReadStateResponse};
use ic_ws_client::{
    CloseFrame, CloseReason, Config, Connection, Ed25519Signer, Event, Events, Signer, SocketError,
    driver::connect_on,
    platform::{HttpError, Incoming, OpenSocket, Outgoing, Platform},
};
use ic_ws_protocol::{ClientFrame, ClientKey, cbor};
use serde::Deserialize;
use tokio::time::Instant;

use crate::model::{Network, Peer, Received, START};

#[derive(CandidType, Deserialize, Debug, Clone, PartialEq)]
pub struct Chat {
    pub text: String,
}

pub fn chat(text: &str) -> Chat {
    Chat { text: text.into() }
}

pub fn signer() -> Ed25519Signer {
    Ed25519Signer::from_raw(&[1; 32])
}

/// How the world behaves, seen from the client's device.
#[derive(Clone)]
pub struct World {
    began: Instant,
    /// How far the device's clock is ahead of the network's, in nanoseconds.
    pub device_ahead: i64,
    /// How long the client works from one look at its clock to the next, in nanoseconds.
    pub tick: Arc<AtomicU64>,
    worked: Arc<AtomicU64>,
    /// Whether the network answers over HTTP.
    pub network_answers: bool,
    pub has_receipts: bool,
    /// What becomes of sockets that are to be opened; nothing if they are opened.
    pub no_socket: Arc<Mutex<Option<NoSocket>>>,
    opened: mpsc::UnboundedSender<(String, Link)>,
}

#[derive(Clone)]
pub enum NoSocket {
    Never,
    Fails(SocketError),
}

/// What the gateway has in hand of a socket.
struct Link {
    frames: mpsc::UnboundedSender<Result<Incoming, SocketError>>,
    calls: mpsc::UnboundedReceiver<Outgoing>,
}

impl World {
    pub fn new() -> (Self, Sockets) {
        let (opened, sockets) = mpsc::unbounded();
        let world = Self {
            began: Instant::now(),
            device_ahead: 0,
            tick: Arc::default(),
            worked: Arc::default(),
            network_answers: true,
            has_receipts: false,
            no_socket: Arc::default(),
            opened,
        };
        let sockets = Sockets {
            sockets,
            world: world.clone(),
        };
        (world, sockets)
    }

    /// The network's time.
    pub fn network_now(&self) -> u64 {
        let worked = self.worked.load(Ordering::Relaxed);
        START + self.began.elapsed().as_nanos() as u64 + worked
    }
}

impl Platform for World {
    type Socket = MemorySocket;

    fn now(&self) -> u64 {
        let tick = self.tick.load(Ordering::Relaxed);
        self.worked.fetch_add(tick, Ordering::Relaxed);
        self.network_now().saturating_add_signed(self.device_ahead)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn yield_now(&self) -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    async fn open(&self, url: &str) -> Result<OpenSocket<MemorySocket>, SocketError> {
        let no_socket = self.no_socket.lock().unwrap().clone();
        match no_socket {
            Some(NoSocket::Never) => return pending().await,
            Some(NoSocket::Fails(error)) => return Err(error),
            None => {}
        }
        let (frames, incoming) = mpsc::unbounded();
        let (outgoing, calls) = mpsc::unbounded();
        let link = Link { frames, calls };
        self.opened.unbounded_send((url.to_owned(), link)).unwrap();
        Ok(OpenSocket {
            socket: MemorySocket { incoming, outgoing },
            has_receipts: self.has_receipts,
        })
    }

    async fn post(&self, url: &str, _: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        assert!(url.starts_with("https://network/api/v2/canister/"), "{url}");
        if !self.network_answers {
            return pending().await;
        }
        let certificate = Network::new(1).certify_time(self.network_now());
        Ok(cbor::to_vec(&ReadStateResponse { certificate }).unwrap())
    }
}

/// The client's end of a socket in memory.
pub struct MemorySocket {
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

/// The sockets that the client has opened.
pub struct Sockets {
    sockets: mpsc::UnboundedReceiver<(String, Link)>,
    world: World,
}

impl Sockets {
    /// The gateway at the other end of the next one.
    pub async fn accept(&mut self) -> Gateway {
        let (url, link) = within_an_hour(self.sockets.next()).await.unwrap();
        Gateway {
            url,
            link,
            peer: Peer::new(ClientKey {
                client_principal: signer().principal(),
                client_nonce: 0,
            }),
            world: self.world.clone(),
        }
    }
}

/// An hour of simulated time, which passes at once when nothing else happens.
pub async fn within_an_hour<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3600), future)
        .await
        .unwrap()
}

pub async fn next_event(events: &mut Events<Chat>) -> Option<Event<Chat>> {
    within_an_hour(events.next()).await
}

/// The other end: the gateway's, with the canister behind it.
pub struct Gateway {
    pub url: String,
    link: Link,
    pub peer: Peer,
    world: World,
}

impl Gateway {
    pub fn now(&self) -> u64 {
        self.world.network_now()
    }

    pub fn deliver(&self, frame: Vec<u8>) {
        self.incoming(Ok(Incoming::Frame(frame)));
    }

    pub fn incoming(&self, incoming: Result<Incoming, SocketError>) {
        self.link.frames.unbounded_send(incoming).unwrap();
    }

    pub fn deliver_message(&mut self, message: &impl CandidType) {
        let content = candid::encode_one(message).unwrap();
        let frame = self.peer.message(&content, self.now());
        self.deliver(frame.encode().unwrap());
    }

    pub async fn next(&mut self) -> Outgoing {
        within_an_hour(self.link.calls.next()).await.unwrap()
    }

    /// Waits for the client's next call.
    pub async fn call(&mut self) -> (EnvelopeContent, Received) {
        match self.next().await {
            Outgoing::Frame(frame) => {
                let call = ClientFrame::decode(&frame).unwrap().envelope.content;
                let received = self.peer.receive(&call, self.now());
                (call.into_owned(), received)
            }
            Outgoing::Close(close) => panic!("closed: {close}"),
        }
    }

    pub async fn receive(&mut self) -> Received {
        self.call().await.1
    }

    pub async fn receive_message(&mut self) -> Chat {
        text(self.receive().await)
    }

    /// Waits for the client's next message, which the network refuses.
    pub async fn receive_and_reject(&mut self, reason: &str) -> Chat {
        let (call, received) = self.call().await;
        self.deliver(self.peer.rejection(&call, reason));
        text(received)
    }

    /// Waits for the client's next message, and answers with a receipt.
    pub async fn receive_and_reply(&mut self, reply: &Result<(), String>) -> Chat {
        let (call, received) = self.call().await;
        self.deliver(self.peer.receipt(&call, reply, self.now()));
        text(received)
    }

    /// Lets the client open.
    pub async fn open(&mut self) {
        self.deliver(self.peer.handshake());
        assert_eq!(self.receive().await, Received::Open);
        let frame = self.peer.open(self.now());
        self.deliver(frame);
    }

    /// The frame with which the client closes, whatever it sends before.
    pub async fn closed(&mut self) -> CloseFrame {
        loop {
            if let Outgoing::Close(frame) = self.next().await {
                return frame;
            }
        }
    }
}

fn text(received: Received) -> Chat {
    match received {
        Received::Message(content) => Decode!(&content, Chat).unwrap(),
        other => panic!("not a message but {other:?}"),
    }
}

pub type Client = (Connection<Chat>, Events<Chat>, Gateway);

/// Starts to connect.
pub fn start(
    world: World,
    config: Config,
    signer: impl Signer + 'static,
) -> (Connection<Chat>, Events<Chat>) {
    let (connection, events, driver) = connect_on(world, config, signer);
    tokio::spawn(driver);
    (connection, events)
}

/// A connection whose socket is open.
pub async fn connect_with(config: Config, signer: impl Signer + 'static) -> Client {
    let (world, mut sockets) = World::new();
    let (connection, events) = start(world, config, signer);
    (connection, events, sockets.accept().await)
}

/// A connection that is open, with the event that says so taken.
pub async fn open_with(config: Config) -> Client {
    let (connection, mut events, mut gateway) = connect_with(config, signer()).await;
    gateway.open().await;
    opened(&mut events).await;
    (connection, events, gateway)
}

/// Waits until the connection is open, and says whether it was before.
pub async fn opened(events: &mut Events<Chat>) -> bool {
    loop {
        match next_event(events).await {
            Some(Event::Opened { reopened, .. }) => return reopened,
            Some(Event::Acknowledged { .. }) => {}
            other => panic!("not opened, but {other:?}"),
        }
    }
}

/// Why the connection was closed for good, whatever happened before.
pub async fn close_reason(events: &mut Events<Chat>) -> CloseReason {
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
