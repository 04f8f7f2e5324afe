//! What the canister's WebSocket methods take and return, and the service messages.
//!
//! The names of types and fields are those of the published stack.

use std::fmt;

use candid::{CandidType, Principal};
use serde::{Deserialize, Serialize};

use crate::{
    bounded_candid::decode_one_within,
    cbor::{self, CborError},
};

/// Names one connection: one client may have several.
#[derive(
    CandidType, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct ClientKey {
    /// Who is connected. Never anonymous.
    pub client_principal: Principal,
    /// Chosen at random by the client for this connection.
    pub client_nonce: u64,
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.client_principal, self.client_nonce)
    }
}

/// The argument of `ws_open`.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterWsOpenArguments {
    /// Becomes the nonce of the [`ClientKey`]; its principal is the caller.
    pub client_nonce: u64,
    /// The gateway that the client is connected to.
    pub gateway_principal: Principal,
}

/// The first argument of `ws_message`.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterWsMessageArguments {
    /// The client's message.
    pub msg: WebsocketMessage,
}

/// The argument of `ws_close`.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterWsCloseArguments {
    /// The connection that is gone.
    pub client_key: ClientKey,
}

/// The argument of `ws_get_messages`.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterWsGetMessagesArguments {
    /// The number of the first message wanted, see [`MessageKey`](crate::MessageKey).
    pub nonce: u64,
}

/// What `ws_open` returns.
pub type CanisterWsOpenResult = Result<(), String>;
/// What `ws_message` returns.
pub type CanisterWsMessageResult = Result<(), String>;
/// What `ws_close` returns.
pub type CanisterWsCloseResult = Result<(), String>;
/// What `ws_get_messages` returns.
pub type CanisterWsGetMessagesResult = Result<CanisterOutputCertifiedMessages, String>;

/// One message of a connection, in either direction: Candid on the way to the canister, CBOR on the way back.
#[derive(CandidType, Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct WebsocketMessage {
    /// The connection it belongs to.
    pub client_key: ClientKey,
    /// Its number among the messages of this direction, from 1.
    pub sequence_num: u64,
    /// When it was sent, in nanoseconds since 1970, by the sender's clock.
    pub timestamp: u64,
    /// Whether `content` is a [`WebsocketServiceMessageContent`] rather than the application's.
    pub is_service_message: bool,
    /// Candid.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

impl WebsocketMessage {
    /// Encodes the message as the `content` that a canister certifies.
    ///
    /// # Errors
    /// None in practice: every message has a CBOR form.
    pub fn to_cbor(&self) -> Result<Vec<u8>, CborError> {
        cbor::to_vec(self)
    }

    /// Decodes the `content` that a canister has certified.
    ///
    /// # Errors
    /// When `bytes` is not exactly one message.
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, CborError> {
        cbor::from_slice(bytes)
    }
}

/// One message in a canister's queue for a gateway.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterOutputMessage {
    /// The connection to deliver it to.
    pub client_key: ClientKey,
    /// The text of its [`MessageKey`](crate::MessageKey).
    pub key: String,
    /// A [`WebsocketMessage`] as CBOR.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

/// The next messages of a canister's queue, certified together.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterOutputCertifiedMessages {
    /// In the order of the queue.
    pub messages: Vec<CanisterOutputMessage>,
    /// The IC certificate of the canister's certified data.
    #[serde(with = "serde_bytes")]
    pub cert: Vec<u8>,
    /// The witness for the keys of `messages`: a CBOR hash tree.
    #[serde(with = "serde_bytes")]
    pub tree: Vec<u8>,
    /// Whether there is nothing after `messages`.
    pub is_end_of_queue: bool,
}

/// What decoding a reply may cost for each of its bytes, in the units of `candid`; a real one costs about one.
const DECODING_COST_PER_BYTE: usize = 8;
/// What decoding even the shortest reply may cost: it describes all its types.
const MIN_DECODING_COST: usize = 10_000;

/// Decodes what `ws_get_messages` replied, also from canisters too old to know `is_end_of_queue`:
/// its absence means `true`.
///
/// # Errors
/// When `reply` is not the Candid of a [`CanisterWsGetMessagesResult`].
pub fn decode_get_messages_reply(
    reply: &[u8],
) -> Result<CanisterWsGetMessagesResult, candid::Error> {
    #[derive(CandidType, Deserialize)]
    struct AnyAge {
        messages: Vec<CanisterOutputMessage>,
        #[serde(with = "serde_bytes")]
        cert: Vec<u8>,
        #[serde(with = "serde_bytes")]
        tree: Vec<u8>,
        is_end_of_queue: Option<bool>,
    }
    let quota = DECODING_COST_PER_BYTE * reply.len() + MIN_DECODING_COST;
    let result: Result<AnyAge, String> = decode_one_within(reply, quota)?;
    Ok(result.map(|reply| CanisterOutputCertifiedMessages {
        messages: reply.messages,
        cert: reply.cert,
        tree: reply.tree,
        is_end_of_queue: reply.is_end_of_queue.unwrap_or(true),
    }))
}

/// What client and canister tell each other about the connection itself.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub enum WebsocketServiceMessageContent {
    /// Canister to client, always its first message.
    OpenMessage(CanisterOpenMessageContent),
    /// Canister to client, once per acknowledgement interval.
    AckMessage(CanisterAckMessageContent),
    /// Client to canister, in answer to an acknowledgement.
    KeepAliveMessage(ClientKeepAliveMessageContent),
    /// Canister to client, always its last message.
    CloseMessage(CanisterCloseMessageContent),
}

/// The connection is open.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterOpenMessageContent {
    /// The key under which the canister has registered the client.
    pub client_key: ClientKey,
}

/// What the canister has received.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterAckMessageContent {
    /// The sequence number of the last message, 0 if there was none.
    pub last_incoming_sequence_num: u64,
}

/// What the client has received.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct ClientKeepAliveMessageContent {
    /// The sequence number of the last message.
    pub last_incoming_sequence_num: u64,
}

/// The canister has closed the connection.
#[derive(CandidType, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterCloseMessageContent {
    /// Why.
    pub reason: CloseMessageReason,
}

/// Why a canister closed a connection.
#[derive(CandidType, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseMessageReason {
    /// A message of the client was missing or doubled.
    WrongSequenceNumber,
    /// The client sent a service message that it may not send, or that cannot be decoded.
    InvalidServiceMessage,
    /// The client did not answer an acknowledgement in time.
    KeepAliveTimeout,
    /// The application wanted it so.
    ClosedByApplication,
}

impl fmt::Display for CloseMessageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongSequenceNumber => "a message was missing or doubled",
            Self::InvalidServiceMessage => "an invalid service message",
            Self::KeepAliveTimeout => "no keep-alive in time",
            Self::ClosedByApplication => "closed by the application",
        })
    }
}
