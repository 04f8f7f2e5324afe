//! Why a call is refused. What gateways and clients get to see is the text of these errors.

use std::time::Duration;

use candid::Principal;
use ic_ws_protocol::{ClientKey, cbor::CborError, timing::KEEP_ALIVE_TIMEOUT};
use thiserror::Error;

use crate::{params::MAX_MESSAGE_BYTES, recipient::Recipient, storage::LAYOUT_VERSION};

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
    /// The proof of a message would not fit beside it into the reply to a poll.
    #[error("message_bytes is {0}, but may be at most {MAX_MESSAGE_BYTES}")]
    MessagesTooLong(usize),
    /// A newer version of this crate has written the stable memory.
    #[error(
        "stable memory has WebSocket layout {0}, this version knows only up to {LAYOUT_VERSION}"
    )]
    UnknownLayout(u32),
}

/// There is no such connection, or not any more.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("{0} is not connected")]
pub struct NotConnected(pub Recipient);

/// What [`send`](crate::send) and [`broadcast`](crate::broadcast) return.
pub type CanisterSendResult = Result<(), SendError>;

/// What [`close`](crate::close) returns.
pub type CanisterCloseResult = Result<(), NotConnected>;

/// Why a message was not queued.
#[derive(Debug, Error)]
pub enum SendError {
    /// Nobody would get it.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// It is longer than [`WsLimits::message_bytes`](crate::WsLimits).
    #[error("the message has {size} bytes, at most {limit} can be sent")]
    TooLarge {
        /// The size of the message in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// As many messages or bytes are kept for the client as [`WsLimits`](crate::WsLimits) allows.
    #[error(
        "client {0} has been sent as much as is kept for it during one acknowledgement interval"
    )]
    QueueFull(ClientKey),
    /// As many messages or bytes are kept for all clients together as [`WsLimits`](crate::WsLimits) allows.
    #[error("as much has been sent as is kept for all clients during one acknowledgement interval")]
    QueuesFull,
    /// Broadcasts under way have as many recipients as [`WsLimits::pending_recipients`](crate::WsLimits) allows.
    #[error("broadcasts would have more than {0} recipients to reach, the limit")]
    TooManyRecipients(usize),
    /// A service message has no Candid form. Never in practice.
    #[error(transparent)]
    Candid(#[from] candid::Error),
    /// The message has no CBOR form. Never in practice.
    #[error(transparent)]
    Cbor(#[from] CborError),
}

impl From<SendError> for String {
    fn from(error: SendError) -> Self {
        error.to_string()
    }
}

impl From<NotConnected> for String {
    fn from(error: NotConnected) -> Self {
        error.to_string()
    }
}

/// Why [`inspect_message`](crate::inspect_message) takes a call for junk.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MethodError {
    /// Nobody can answer for the call.
    #[error("the anonymous principal has no connection")]
    Anonymous,
    /// The principal is neither a client nor, for `ws_close`, a gateway with clients.
    #[error("{0} has no connection")]
    NotConnected(Principal),
    /// The argument is longer than any that is valid.
    #[error("the argument has {arg_bytes} bytes, more than {limit}")]
    TooLong {
        /// The size of the argument in bytes.
        arg_bytes: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// The method is not one of the WebSockets'.
    #[error("`{0}` is no update method of the WebSockets")]
    Unknown(String),
}

/// Why `ws_open` refuses a client.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    #[error("the anonymous principal cannot open a connection")]
    Anonymous,
    #[error("client {0} is already connected")]
    AlreadyConnected(ClientKey),
    #[error("gateway {0} is not one of those that this canister allows")]
    GatewayNotAllowed(Principal),
    #[error("clients are connected through {0} gateways, the limit")]
    TooManyGateways(usize),
    #[error("gateway {gateway} has {limit} clients, the limit")]
    TooManyClients { gateway: Principal, limit: usize },
    #[error("{caller} has {limit} connections, the limit")]
    TooManyConnections { caller: Principal, limit: usize },
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
    #[error(
        "the message has {size} bytes, at most {limit} can be received: the connection is closed"
    )]
    TooLarge { size: usize, limit: usize },
    #[error(
        "message {actual} came before message {expected}, and too much waits for that already: the connection is closed"
    )]
    TooEarly { expected: u64, actual: u64 },
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
