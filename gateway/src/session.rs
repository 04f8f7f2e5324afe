//! One client's connection, from the handshake to the last frame.
//!
//! ```text
//! handshake frame → ws_open → registered → relayed ─┬─ reading calls      → relay
//!                                                   ├─ writing deliveries ← poller
//!                                                   └─ whoever ends first names the reason
//! close frame with the reason; calls under way are finished; ws_close to the canister
//! ```

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use futures::{SinkExt, StreamExt, future::join, stream::SplitSink, stream::SplitStream};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use ic_ws_protocol::{ClientFrame, HandshakeFrame};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
    time::{Instant, interval_at, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};
use tracing::{Instrument, debug, field, info_span, warn};

use crate::{
    addresses::Place,
    budget::Budget,
    call::{OpenCall, SignedCall, admit_message, admit_open},
    canisters::{Canister, Canisters, Registration},
    close::CloseReason,
    connection::Connection,
    delivery::{Content, Delivery, ProvenMessage},
    farewell,
    gateway::Gateway,
    incoming::Incoming,
    relay::Relay,
    turns::Turns,
};

/// Frames are small, and there may be thousands of connections.
const BUFFER_SIZE: usize = 2048;

/// What a frame to a client may have in it beside what the network answered.
const FRAME_OVERHEAD: usize = 64 * 1024;

type Socket = WebSocketStream<Incoming<TokioIo<Upgraded>>>;
pub(crate) type Sink = SplitSink<Socket, Message>;
pub(crate) type Stream = SplitStream<Socket>;

/// Who is to have a session.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) address: IpAddr,
    pub(crate) place: Arc<Place>,
    /// Whether the client is told what becomes of each of its calls.
    pub(crate) receipts: bool,
    /// Held as long as it counts.
    pub(crate) _connection: Connection,
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// Runs one session, once the HTTP side has let go of the connection.
pub(crate) async fn run(gateway: Arc<Gateway>, visitor: Visitor, upgrade: OnUpgrade) {
    let id = gateway.sessions.fetch_add(1, Ordering::Relaxed);
    let span = info_span!(
        "session",
        id,
        address = %visitor.address,
        canister = field::Empty,
        client = field::Empty
    );
    async {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return debug!(%error, "the upgrade failed"),
        };
        gateway.metrics.connections.inc();
        let limits = &gateway.config.limits;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_SIZE)
            .write_buffer_size(BUFFER_SIZE)
            // Answers to pings, too, wait in this buffer.
            .max_write_buffer_size(limits.max_response_size.saturating_add(FRAME_OVERHEAD))
            .max_message_size(Some(limits.max_frame_size))
            .max_frame_size(Some(limits.max_frame_size));
        let place = visitor.place.clone();
        let of_address = &place.allowance.memory.pending;
        let pending = of_address.of_client(limits.max_pending_bytes);
        let socket = Incoming::new(TokioIo::new(upgraded), limits, place);
        let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await;
        let session = Session {
            gateway: &gateway,
            visitor,
            pending,
        };
        session.run(socket).await;
        gateway.metrics.connections.dec();
    }
    .instrument(span)
    .await;
}

struct Session<'a> {
    gateway: &'a Arc<Gateway>,
    visitor: Visitor,
    /// What the calls may take.
    pending: Arc<Budget>,
}

impl Session<'_> {
    async fn run(self, socket: Socket) {
        let (mut sink, mut stream) = socket.split();
        let limit = self.gateway.config.limits.handshake_timeout;
        // Boxed, like all that is over before the long wait, or comes after it.
        let opening = Box::pin(async {
            self.send_handshake(&mut sink).await?;
            self.receive_open(&mut stream).await
        });
        let opened = tokio::select! {
            opened = timeout(limit, opening) => {
                opened.unwrap_or(Err(CloseReason::HandshakeTimeout(limit)))
            }
            () = self.gateway.shutdown.cancelled() => Err(CloseReason::Shutdown),
        };
        match opened {
            Ok((registration, open)) => self.relay(sink, stream, registration, open).await,
            Err(reason) => {
                Box::pin(farewell::to_client(self.gateway, sink, stream, &reason)).await;
            }
        }
    }

    async fn send_handshake(&self, sink: &mut Sink) -> Result<(), CloseReason> {
        let frame = HandshakeFrame {
            gateway_principal: self.gateway.identity.principal(),
        };
        let bytes = frame.encode().map_err(internal)?;
        Ok(sink.send(Message::Binary(bytes.into())).await?)
    }

    /// Waits for the first call. Its client is known before it is relayed, so that the answer finds it.
    async fn receive_open(
        &self,
        stream: &mut Stream,
    ) -> Result<(Registration, SignedCall), CloseReason> {
        let frame = self.receive(stream).await?;
        let OpenCall { client, mut call } = admit_open(frame, self.gateway.identity.principal())?;
        let span = self.gateway.traces.begin("receive envelope");
        call.follow(span.clone());
        tracing::Span::current()
            .record("canister", field::display(call.canister))
            .record("client", field::display(client));
        if !self.gateway.config.access.allows_canister(call.canister) {
            return Err(CloseReason::CanisterNotAllowed(call.canister));
        }
        self.charge(&mut call).await?;
        let allowance = &self.visitor.place.allowance;
        let registration = Canisters::register(self.gateway, call.canister, client, allowance)?;
        call.turns = self.turns(&registration.canister);
        span.end();
        Ok((registration, call))
    }

    /// Relays both ways until there is a reason to stop, and then cleans up on both sides.
    async fn relay(
        self,
        mut sink: Sink,
        mut stream: Stream,
        mut registration: Registration,
        open: SignedCall,
    ) {
        let (calls, queue) = mpsc::channel(self.gateway.config.limits.max_pending_calls);
        let relay = Relay::new(self.gateway.clone(), &registration, self.visitor.receipts);
        let mut relay = tokio::spawn(relay.run(Arc::new(open), queue).in_current_span());

        let canister = registration.canister.clone();
        let reason = tokio::select! {
            reason = self.read_calls(&mut stream, &canister, &calls) => reason,
            reason = self.write(&mut sink, &mut registration.inbox.waiting) => reason,
            Some(reason) = registration.inbox.closing.recv() => reason,
            () = self.gateway.shutdown.cancelled() => CloseReason::Shutdown,
        };

        drop(calls);
        // Nothing more is prepared for the client.
        registration.inbox.waiting.close();
        // The connection counts until its socket is closed and its calls are decided, but not while the canister is told.
        let visitor = Arc::new(self.visitor);
        let until_decided = visitor.clone();
        let finish = async {
            let may_be_known = finish(self.gateway, &mut relay).await;
            let client_key = registration.client;
            drop((registration, until_decided));
            // One that cannot be polled cannot be called, either.
            if may_be_known && !matches!(reason, CloseReason::CanisterUnavailable { .. }) {
                farewell::to_canister(self.gateway, &canister, client_key).await;
            }
        };
        let farewell = async {
            farewell::to_client(self.gateway, sink, stream, &reason).await;
            drop(visitor);
        };
        join(farewell, finish).await;
    }

    /// Reads calls for the relay. While that has no room, nothing is read.
    async fn read_calls(
        &self,
        stream: &mut Stream,
        canister: &Canister,
        calls: &mpsc::Sender<Arc<SignedCall>>,
    ) -> CloseReason {
        let read = async {
            loop {
                let frame = self.receive(stream).await?;
                let mut call = admit_message(frame, canister.id)?;
                let span = self.gateway.traces.begin("receive envelope");
                call.follow(span.clone());
                self.charge(&mut call).await?;
                call.turns = self.turns(canister);
                calls.send(Arc::new(call)).await.map_err(internal)?;
                span.end();
            }
        };
        match read.await {
            Ok::<Infallible, _>(never) => match never {},
            Err(reason) => reason,
        }
    }

    /// Waits until there is room for `call` beside those that are undecided, and makes it one of the client's.
    async fn charge(&self, call: &mut SignedCall) -> Result<(), CloseReason> {
        let room = self.pending.take(call.envelope.len()).await;
        let room = room.map_err(internal)?;
        let too_much = |owner| CloseReason::TooMuchPending {
            owner,
            size: self.pending.used(),
        };
        call.room = Some(room.map_err(too_much)?);
        Ok(())
    }

    /// Of what calls of this client to `canister` need a turn.
    fn turns(&self, canister: &Canister) -> Vec<Arc<Turns>> {
        vec![
            self.visitor.place.allowance.turns.clone(),
            canister.turns.clone(),
        ]
    }

    /// The next frame with something in it.
    async fn receive(&self, stream: &mut Stream) -> Result<ClientFrame, CloseReason> {
        loop {
            let message = stream
                .next()
                .await
                .ok_or_else(|| CloseReason::ConnectionLost("end of stream".to_owned()))??;
            match message {
                Message::Binary(bytes) => {
                    self.gateway
                        .metrics
                        .bytes_received
                        .inc_by(bytes.len() as u64);
                    return Ok(ClientFrame::decode(&bytes)?);
                }
                Message::Text(_) => return Err(CloseReason::TextFrame),
                Message::Close(frame) => {
                    let text = frame.map_or("no code".to_owned(), |frame| frame.to_string());
                    return Err(CloseReason::ClosedByClient(text));
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Writes what the canister sends, and pings. A client that does not read for long ends it.
    async fn write(
        &self,
        sink: &mut Sink,
        outgoing: &mut mpsc::Receiver<Box<Delivery>>,
    ) -> CloseReason {
        let period = self.gateway.config.limits.ping_interval;
        let mut pings = interval_at(Instant::now() + period, period);
        let write = async {
            loop {
                let delivery = tokio::select! {
                    Some(delivery) = outgoing.recv() => Some(delivery),
                    _ = pings.tick() => None,
                };
                let flush = outgoing.is_empty();
                let written = async {
                    match delivery {
                        Some(delivery) => self.write_delivery(sink, *delivery).await?,
                        None => sink.feed(Message::Ping(Bytes::new())).await?,
                    }
                    if flush {
                        sink.flush().await?;
                    }
                    Ok(())
                };
                timeout(period * 2, written)
                    .await
                    .unwrap_or(Err(CloseReason::Unread(period * 2)))?;
            }
        };
        match write.await {
            Ok::<Infallible, _>(never) => match never {},
            Err(reason) => reason,
        }
    }

    async fn write_delivery(&self, sink: &mut Sink, delivery: Delivery) -> Result<(), CloseReason> {
        match delivery.content {
            Content::Message(message) => self.write_message(sink, message).await,
            Content::Receipt(receipt) => {
                let frame = receipt.encode().map_err(internal)?;
                self.gateway.metrics.bytes_sent.inc_by(frame.len() as u64);
                Ok(sink.feed(Message::Binary(frame.into())).await?)
            }
            Content::Close(reason) => Err(reason),
        }
    }

    async fn write_message(
        &self,
        sink: &mut Sink,
        message: ProvenMessage,
    ) -> Result<(), CloseReason> {
        let span = self.gateway.traces.child("write", &message.span);
        message.span.end();
        let frame = message.encode().map_err(internal)?;
        let size = frame.len() as u64;
        sink.feed(Message::Binary(frame.into())).await?;
        self.gateway.metrics.written(size, message.timestamp);
        span.set("icws.bytes", i64::try_from(size).unwrap_or(i64::MAX));
        Ok(())
    }
}

/// Waits until the calls are decided, as `ws_close` must not overtake `ws_open`. Gives back whether the canister
/// may know the client.
async fn finish(gateway: &Gateway, relay: &mut JoinHandle<bool>) -> bool {
    let limits = &gateway.config.limits;
    let hurry = async {
        gateway.shutdown.cancelled().await;
        sleep(limits.close_timeout).await;
    };
    tokio::select! {
        finished = &mut *relay => return finished.unwrap_or(true),
        () = sleep(limits.call_timeout) => {}
        () = hurry => {}
    }
    warn!("calls of the client were still undecided");
    relay.abort();
    true
}

/// What cannot happen, without a panic if it does.
fn internal(error: impl std::error::Error) -> CloseReason {
    CloseReason::Internal(error.to_string())
}
