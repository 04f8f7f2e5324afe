//! Why a call is refused. What gateways and clients get to see is the text of these errors.

use std::time::Duration;

use candid::Principal;
use ic_ws_protocol::{ClientKey, cbor::CborError, timing::KEEP_ALIVE_TIMEOUT};
use thiserror::Error;

use crate::storage::LAYOUT_VERSION;

/// Why the WebSockets cannot start.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InitError {
    /// Clients would have no time to answer an acknowledgement.
    #[error(
        "send_ack_interval_ms is {}, but must be more than {}",
        .0.as_millis(),
        KEEP_ALIVE_TIMEOUT.as_millis()
    )]
    AckIntervalTooShort(Duration),
    /// Gateways would poll forever and get nothing.
    #[error("max_number_of_returned_messages must be at least 1")]
    NoReturnedMessages,
    /// A newer version of this crate has written the stable memory.
    #[error(
        "stable memory has WebSocket layout {0}, this version knows only up to {LAYOUT_VERSION}"
    )]
    UnknownLayout(u32),
}

/// There is no such connection, or not any more.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("client {0} is not connected")]
pub struct NotConnected(pub ClientKey);

/// Why a message was not queued.
#[derive(Debug, Error)]
pub enum SendError {
    /// Nobody would get it.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// It would not fit into the reply to a poll.
    #[error("the message has {size} bytes, at most {limit} can be sent")]
    TooLarge {
        /// The size of the message in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// A service message has no Candid form. Never in practice.
    #[error(transparent)]
    Candid(#[from] candid::Error),
    /// The message has no CBOR form. Never in practice.
    #[error(transparent)]
    Cbor(#[from] CborError),
}

/// Why `ws_open` refuses a client.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    #[error("the anonymous principal cannot open a connection")]
    Anonymous,
    #[error("client {0} is already connected")]
    AlreadyConnected(ClientKey),
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Why `ws_message` refuses a message.
#[derive(Debug, Error)]
pub(crate) enum MessageError {
    #[error("{caller} cannot speak for client {client_key}")]
    ForeignKey {
        caller: Principal,
        client_key: ClientKey,
    },
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    #[error("expected sequence number {expected}, got {actual}: the connection is closed")]
    WrongSequenceNumber { expected: u64, actual: u64 },
    #[error("the service message cannot be decoded: {0}: the connection is closed")]
    MalformedServiceMessage(candid::Error),
    #[error("a client may send no service message but keep-alives: the connection is closed")]
    UnexpectedServiceMessage,
}

/// Why `ws_close` refuses a gateway.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum CloseError {
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    #[error("client {client_key} is not connected through {caller}")]
    ForeignGateway {
        caller: Principal,
        client_key: ClientKey,
    },
}

/// Why `ws_get_messages` returns nothing.
#[derive(Debug, Error)]
pub(crate) enum GetMessagesError {
    #[error("messages are certified only in a query that is not replicated")]
    NoCertificate,
    #[error(transparent)]
    Witness(#[from] CborError),
}
