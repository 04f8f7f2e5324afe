//! The loop that runs a [`Conversation`] on a platform and a signer. Written once, for every platform.

mod application;
mod reader;

use std::{convert::Infallible, future::Future, time::Duration};

use futures::{
    FutureExt, Sink, SinkExt, Stream, StreamExt,
    channel::{mpsc, oneshot},
    future::{self, Either},
    pin_mut, select_biased,
};
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::ClientFrame;

use application::Application;
use reader::Reader;

use crate::{
    close_reason::{CloseFrame, CloseReason, SocketError},
    config::Config,
    connection::{ApplicationMessage, Connection, Events, channels},
    core::{Attempt, Conversation, NetworkTime, TimeRequest},
    platform::{Incoming, OpenSocket, Outgoing, Platform},
    signer::{Signer, random_u64},
};

/// How long the gateway may take to answer a close frame before the socket is dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the network may take to tell the time. Without it, the device's clock has to do.
const TIME_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects on `platform`. The connection lives as long as the returned future is polled: it resolves when the
/// connection is over and its last event is delivered.
pub fn connect_on<M: ApplicationMessage>(
    platform: impl Platform,
    config: Config,
    signer: impl Signer,
) -> (Connection<M>, Events<M>, impl Future<Output = ()>) {
    let (connection, application_events, end) = channels(&config);
    let driver = async move {
        let now = platform.now();
        // For jitter only, which any number serves.
        let seed = random_u64().unwrap_or(now);
        let driver = Driver {
            conversation: Conversation::new(config.clone(), signer.principal(), seed, now),
            application: Application::new(end.requests, end.events, &config),
            close: end.close,
            config: &config,
            signer: &signer,
            platform: &platform,
        };
        driver.run().await;
    };
    (connection, application_events, driver)
}

struct Driver<'a, M, K, P> {
    config: &'a Config,
    signer: &'a K,
    platform: &'a P,
    conversation: Conversation,
    application: Application<M>,
    /// Resolves when the application wants the connection to be closed.
    close: oneshot::Receiver<Infallible>,
}

impl<M: ApplicationMessage, K: Signer, P: Platform> Driver<'_, M, K, P> {
    async fn run(mut self) {
        let mut next = self.next_attempt().await;
        while let Some(attempt) = next {
            next = match self.connect(&attempt).await {
                Ok(socket) => {
                    let (mut sink, mut stream) = socket.split();
                    let reason = self.converse(&mut sink, &mut stream).await;
                    let platform = self.platform;
                    let close = close_socket(platform, sink, stream, reason.close_frame());
                    future::join(self.end(reason), close).await.0
                }
                Err(reason) => self.end(reason).await,
            };
        }
    }

    async fn connect(&mut self, attempt: &Attempt) -> Result<P::Socket, CloseReason> {
        let Self {
            platform,
            conversation,
            close,
            ..
        } = self;
        conversation.connecting(platform.now());
        let time = measure_time(*platform, self.config).map(Ok);
        let open = future::try_join(platform.open(&attempt.gateway), time).fuse();
        let deadline = sleep_until(*platform, conversation.next_deadline()).fuse();
        pin_mut!(open, deadline);
        let (opened, time) = select_biased! {
            _ = close.fuse() => return Err(CloseReason::ClosedByClient),
            opened = open => opened?,
            () = deadline => {
                return Err(CloseReason::HandshakeTimeout(self.config.open_timeout));
            }
        };
        if let Some(time) = time {
            conversation.set_network_time(time);
        }
        let OpenSocket {
            socket,
            has_receipts,
        } = opened;
        conversation.connected(random_u64()?, has_receipts, platform.now());
        Ok(socket)
    }

    /// Runs the connection until there is a reason to close it.
    async fn converse(
        &mut self,
        sink: &mut (impl Sink<Outgoing, Error = SocketError> + Unpin),
        stream: &mut (impl Stream<Item = Result<Incoming, SocketError>> + Unpin),
    ) -> CloseReason {
        // Signing and writing may wait for long, and must hold up neither reading nor timeouts.
        let (calls, queued) = mpsc::channel(0);
        let reader = Reader {
            platform: self.platform,
            conversation: &mut self.conversation,
            application: &mut self.application,
            close: &mut self.close,
            calls,
            worked: Duration::ZERO,
        };
        let read = reader.run(stream);
        let write = write_calls(self.signer, sink, queued);
        pin_mut!(read, write);
        let Err(reason) = match future::select(read, write).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((Err(reason), _)) => Err(reason),
            Either::Right((Ok(()), read)) => read.await,
        };
        reason
    }

    /// Takes note that the connection is over, and waits until the next attempt is due.
    async fn end(&mut self, reason: CloseReason) -> Option<Attempt> {
        self.disconnected(reason);
        let attempt = self.next_attempt().await?;
        let due = sleep_until(self.platform, Some(attempt.at)).fuse();
        pin_mut!(due);
        let close = select_biased! {
            _ = (&mut self.close).fuse() => true,
            () = due => false,
        };
        if close {
            self.disconnected(CloseReason::ClosedByClient);
        }
        self.next_attempt().await
    }

    /// The next attempt. If there is none, the application is told why.
    async fn next_attempt(&mut self) -> Option<Attempt> {
        match self.conversation.next_attempt() {
            Ok(attempt) => Some(attempt),
            Err(reason) => {
                self.application.finish(reason).await;
                None
            }
        }
    }

    fn disconnected(&mut self, reason: CloseReason) {
        let now = self.platform.now();
        self.conversation.disconnected(reason, now);
        if let Err(reason) = self.application.deliver(&mut self.conversation) {
            self.conversation.disconnected(reason, now);
        }
    }
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
    platform: &impl Platform,
    mut sink: impl Sink<Outgoing, Error = SocketError> + Unpin,
    mut stream: impl Stream<Item = Result<Incoming, SocketError>> + Unpin,
    frame: CloseFrame,
) {
    let close = async {
        // Fails when the socket is already closed: then there is nothing left to do.
        let _ = sink.send(Outgoing::Close(frame)).await;
        while let Some(Ok(Incoming::Frame(_))) = stream.next().await {}
    };
    let timeout = platform.sleep(CLOSE_TIMEOUT);
    pin_mut!(close, timeout);
    future::select(close, timeout).await;
}

/// Asks the network for the time, if it is known where it is.
async fn measure_time(platform: &impl Platform, config: &Config) -> Option<NetworkTime> {
    let Config {
        canister, network, ..
    } = config;
    let request = TimeRequest::new(network.url.as_deref()?, *canister);
    let sent = platform.now();
    let answer = platform.post(&request.url, request.body);
    let timeout = platform.sleep(TIME_TIMEOUT);
    pin_mut!(answer, timeout);
    // What does not tell the time is as good as no answer.
    let Either::Left((Ok(answer), _)) = future::select(answer, timeout).await else {
        return None;
    };
    NetworkTime::answered(&answer, *canister, &network.root_key, sent, platform.now()).ok()
}

/// Waits as long as `deadline` is away now, even if the clock is set meanwhile.
async fn sleep_until(platform: &impl Platform, deadline: Option<u64>) {
    match deadline {
        Some(deadline) => {
            let left = deadline.saturating_sub(platform.now());
            platform.sleep(Duration::from_nanos(left)).await;
        }
        None => future::pending().await,
    }
}
