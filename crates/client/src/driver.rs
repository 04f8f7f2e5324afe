//! The loop that runs a [`Session`] on a socket, a clock and a signer. Written once, for every platform.

use std::{convert::Infallible, future::Future, time::Duration};

use futures::{
    FutureExt, Sink, SinkExt, Stream, StreamExt,
    channel::mpsc,
    future::{self, Either},
    pin_mut, select_biased,
};
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::ClientFrame;

use crate::{
    close_reason::{CloseFrame, CloseReason, SocketError},
    config::Config,
    connection::{ApplicationMessage, Connection, Event, Events, Requests, channels},
    core::{Session, SessionEvent},
    maybe_send::MaybeSend,
    signer::{Signer, random_u64},
};

/// How long the gateway may take to answer a close frame before the socket is dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What comes from a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A binary frame.
    Frame(Vec<u8>),
    /// The peer closed the socket.
    Closed(CloseFrame),
}

/// What goes to a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A binary frame.
    Frame(Vec<u8>),
    /// Close the socket.
    Close(CloseFrame),
}

/// An open WebSocket.
pub trait Socket:
    Stream<Item = Result<Incoming, SocketError>> + Sink<Outgoing, Error = SocketError> + Unpin
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Incoming, SocketError>> + Sink<Outgoing, Error = SocketError> + Unpin
{
}

/// The time.
pub trait Clock {
    /// Nanoseconds since 1970.
    fn now(&self) -> u64;

    /// Waits for `duration`. May return early.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + MaybeSend;
}

/// Connects over the socket that `socket` resolves to. The connection lives as long as the returned future
/// is polled: it resolves when the connection is over and its last event is delivered.
pub fn connect_over<M: ApplicationMessage, S: Socket>(
    config: Config,
    signer: impl Signer,
    clock: impl Clock,
    socket: impl Future<Output = Result<S, SocketError>>,
) -> (Connection<M>, Events<M>, impl Future<Output = ()>) {
    let (connection, application_events, requests, events) = channels(&config);
    let driver = Driver {
        config,
        signer,
        clock,
        requests,
        events,
    };
    (connection, application_events, driver.run(socket))
}

struct Driver<M, K, C> {
    config: Config,
    signer: K,
    clock: C,
    requests: Requests,
    events: mpsc::Sender<Event<M>>,
}

/// What the loop waits for.
enum Step {
    CloseRequested,
    Incoming(Option<Result<Incoming, SocketError>>),
    Called(Result<(), CloseReason>),
    DeadlineReached,
}

impl<M: ApplicationMessage, K: Signer, C: Clock> Driver<M, K, C> {
    async fn run<S: Socket>(mut self, socket: impl Future<Output = Result<S, SocketError>>) {
        match self.connect(socket).await {
            Ok((session, socket)) => {
                let (mut sink, mut stream) = socket.split();
                let reason = self.converse(session, &mut sink, &mut stream).await;
                let close = close_socket(sink, stream, reason.close_frame());
                let timeout = self.clock.sleep(CLOSE_TIMEOUT);
                pin_mut!(close, timeout);
                future::join(
                    finish(self.requests, self.events, reason),
                    future::select(close, timeout),
                )
                .await;
            }
            Err(reason) => finish(self.requests, self.events, reason).await,
        }
    }

    async fn connect<S>(
        &mut self,
        socket: impl Future<Output = Result<S, SocketError>>,
    ) -> Result<(Session, S), CloseReason> {
        let session = Session::new(
            self.config.clone(),
            self.signer.principal(),
            random_u64()?,
            self.clock.now(),
        );
        let socket = socket.fuse();
        let deadline = sleep_until(&self.clock, session.next_deadline()).fuse();
        pin_mut!(socket, deadline);
        select_biased! {
            _ = (&mut self.requests.close).fuse() => Err(CloseReason::ClosedByClient),
            socket = socket => Ok((session, socket?)),
            () = deadline => Err(CloseReason::HandshakeTimeout(self.config.open_timeout)),
        }
    }

    /// Runs `session` until there is a reason to close.
    async fn converse(
        &mut self,
        session: Session,
        sink: &mut (impl Sink<Outgoing, Error = SocketError> + Unpin),
        stream: &mut (impl Stream<Item = Result<Incoming, SocketError>> + Unpin),
    ) -> CloseReason {
        // Signing and writing may wait for long, and must hold up neither reading nor timeouts.
        let (calls, queued) = mpsc::channel(0);
        let Self {
            signer,
            clock,
            requests,
            events,
            config,
        } = self;
        let reader = Reader {
            clock,
            requests,
            events,
            max_queued_events: config.max_queued_events,
            session,
            calls,
        };
        let read = reader.run(stream);
        let write = write_calls(signer, sink, queued);
        pin_mut!(read, write);
        let Err(reason) = match future::select(read, write).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((Err(reason), _)) => Err(reason),
            Either::Right((Ok(()), read)) => read.await,
        };
        reason
    }
}

/// The half of the loop that reads the socket and decides what to call.
struct Reader<'a, M, C> {
    clock: &'a C,
    requests: &'a mut Requests,
    events: &'a mut mpsc::Sender<Event<M>>,
    max_queued_events: usize,
    session: Session,
    calls: mpsc::Sender<EnvelopeContent>,
}

impl<M: ApplicationMessage, C: Clock> Reader<'_, M, C> {
    async fn run(
        mut self,
        stream: &mut (impl Stream<Item = Result<Incoming, SocketError>> + Unpin),
    ) -> Result<Infallible, CloseReason> {
        loop {
            let event = match self.step(stream).await {
                Step::CloseRequested => return Err(CloseReason::ClosedByClient),
                Step::Incoming(incoming) => self.handle_incoming(incoming)?,
                Step::Called(outcome) => {
                    outcome?;
                    None
                }
                Step::DeadlineReached => self.session.handle_timeout(self.clock.now()),
            };
            if let Some(event) = event {
                self.emit(event)?;
            }
        }
    }

    async fn step(
        &mut self,
        stream: &mut (impl Stream<Item = Result<Incoming, SocketError>> + Unpin),
    ) -> Step {
        let incoming = stream.next().fuse();
        let deadline = sleep_until(self.clock, self.session.next_deadline()).fuse();
        let call = next_call(
            &mut self.session,
            &mut self.calls,
            &mut self.requests.messages,
            self.clock,
        )
        .fuse();
        pin_mut!(incoming, deadline, call);
        // What has arrived comes before the deadline that it may have met.
        select_biased! {
            _ = (&mut self.requests.close).fuse() => Step::CloseRequested,
            incoming = incoming => Step::Incoming(incoming),
            outcome = call => Step::Called(outcome),
            () = deadline => Step::DeadlineReached,
        }
    }

    fn handle_incoming(
        &mut self,
        incoming: Option<Result<Incoming, SocketError>>,
    ) -> Result<Option<SessionEvent>, CloseReason> {
        match incoming {
            Some(Ok(Incoming::Frame(frame))) => {
                Ok(self.session.handle_frame(&frame, self.clock.now()))
            }
            Some(Ok(Incoming::Closed(frame))) => Err(CloseReason::ClosedByGateway(frame)),
            Some(Err(error)) => Err(error.into()),
            None => Err(SocketError::Broken("it ended without a close frame".into()).into()),
        }
    }

    fn emit(&mut self, event: SessionEvent) -> Result<(), CloseReason> {
        let event = match event {
            SessionEvent::Closed(reason) => return Err(reason),
            SessionEvent::Opened {
                client_key,
                gateway,
            } => Event::Opened {
                client_key,
                gateway,
            },
            SessionEvent::Acknowledged { up_to } => Event::Acknowledged { up_to },
            SessionEvent::Message(content) => match candid::decode_one(&content) {
                Ok(message) => Event::Message(message),
                Err(error) => Event::Undecodable { content, error },
            },
        };
        self.events.try_send(event).map_err(|e| {
            if e.is_full() {
                CloseReason::EventsOverrun(self.max_queued_events)
            } else {
                CloseReason::ClosedByClient
            }
        })
    }
}

/// Hands the next call to the writer, as soon as there is one and the writer is free.
async fn next_call(
    session: &mut Session,
    calls: &mut mpsc::Sender<EnvelopeContent>,
    messages: &mut mpsc::Receiver<Vec<u8>>,
    clock: &impl Clock,
) -> Result<(), CloseReason> {
    let writer_ready = future::poll_fn(|cx| calls.poll_ready(cx)).await.is_ok();
    let call = match session.poll_call(clock.now())? {
        Some(call) => call,
        None if writer_ready && session.can_send() => match messages.next().await {
            Some(content) => session.send(content, clock.now())?,
            None => future::pending().await,
        },
        None => future::pending().await,
    };
    // Fails only when the writer is gone, which ends the connection with the writer's reason.
    let _ = calls.start_send(call);
    Ok(())
}

/// Signs and writes `calls`, in their order.
async fn write_calls(
    signer: &impl Signer,
    sink: &mut (impl Sink<Outgoing, Error = SocketError> + Unpin),
    mut calls: mpsc::Receiver<EnvelopeContent>,
) -> Result<(), CloseReason> {
    while let Some(call) = calls.next().await {
        let envelope = signer.sign(call).await?;
        sink.send(Outgoing::Frame(ClientFrame::encode(&envelope)))
            .await?;
    }
    Ok(())
}

/// Performs the closing handshake, as far as the peer takes part.
async fn close_socket(
    mut sink: impl Sink<Outgoing, Error = SocketError> + Unpin,
    mut stream: impl Stream<Item = Result<Incoming, SocketError>> + Unpin,
    frame: CloseFrame,
) {
    // Fails when the socket is already closed: then there is nothing left to do.
    let _ = sink.send(Outgoing::Close(frame)).await;
    while let Some(Ok(Incoming::Frame(_))) = stream.next().await {}
}

/// Lets go of everything but the last event, which waits until there is room for it.
async fn finish<M>(requests: Requests, mut events: mpsc::Sender<Event<M>>, reason: CloseReason) {
    drop(requests);
    // Fails when the application does not listen any more.
    let _ = events.send(Event::Closed(reason)).await;
}

async fn sleep_until(clock: &impl Clock, deadline: Option<u64>) {
    let Some(deadline) = deadline else {
        return future::pending().await;
    };
    while let Some(left) = deadline.checked_sub(clock.now()).filter(|left| *left > 0) {
        clock.sleep(Duration::from_nanos(left)).await;
    }
}
