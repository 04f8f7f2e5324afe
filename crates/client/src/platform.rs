//! What a [driver](crate::driver) needs of the platform it runs on: sockets, HTTP, timers and the time.

use std::{future::Future, time::Duration};

use futures::{Sink, Stream};
use thiserror::Error;

use crate::{
    close_reason::{CloseFrame, SocketError},
    maybe_send::{MaybeSend, MaybeSync},
};

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
    Stream<Item = Result<Incoming, SocketError>>
    + Sink<Outgoing, Error = SocketError>
    + Unpin
    + MaybeSend
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Incoming, SocketError>>
        + Sink<Outgoing, Error = SocketError>
        + Unpin
        + MaybeSend
{
}

/// A socket that has been opened.
#[derive(Debug)]
pub struct OpenSocket<S> {
    /// The socket.
    pub socket: S,
    /// Whether the gateway selected the subprotocol
    /// [`RECEIPTS_SUBPROTOCOL`](ic_ws_protocol::RECEIPTS_SUBPROTOCOL).
    pub has_receipts: bool,
}

/// The length of an answer up to which it is read: a reply has at most 3 MiB, and a certificate around it.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// How much of the network's own words is passed on, in characters.
const MAX_WORDS: usize = 300;

/// An HTTP request failed.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The network could not be reached.
    #[error("the network cannot be reached: {0}")]
    Unreachable(String),
    /// The network did not answer in time.
    #[error("the network did not answer within {0:?}")]
    Timeout(Duration),
    /// The network refused the request.
    #[error("the network answered with status {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The network's words.
        message: String,
    },
    /// The answer is longer than any can be.
    #[error("the network's answer has more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
}

impl HttpError {
    /// Whether `status` says that all went well; `answer` has the network's words if it did not.
    pub(crate) fn check_status(status: u16, answer: &[u8]) -> Result<(), Self> {
        if (200..300).contains(&status) {
            return Ok(());
        }
        let words = String::from_utf8_lossy(answer);
        let message = words.chars().take(MAX_WORDS).collect();
        Err(Self::Status { status, message })
    }
}

/// A platform.
pub trait Platform: MaybeSend + MaybeSync {
    /// What it opens.
    type Socket: Socket;

    /// Nanoseconds since 1970. Whoever owns the device may set its clock at any time.
    fn now(&self) -> u64;

    /// Waits for `duration`, whatever becomes of the clock. May return early.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + MaybeSend;

    /// Gives others on this thread a turn.
    fn yield_now(&self) -> impl Future<Output = ()> + MaybeSend;

    /// Opens a WebSocket, offering the subprotocol [`RECEIPTS_SUBPROTOCOL`](ic_ws_protocol::RECEIPTS_SUBPROTOCOL);
    /// without it where the gateway does not know it.
    fn open(
        &self,
        url: &str,
    ) -> impl Future<Output = Result<OpenSocket<Self::Socket>, SocketError>> + MaybeSend;

    /// Posts CBOR, and gives back the answer.
    fn post(
        &self,
        url: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, HttpError>> + MaybeSend;
}
