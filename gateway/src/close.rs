//! Why sessions end. Every reason has a name for the metric, a text for the log, and, where the client is still
//! there to hear it, a code and the text for the close frame: no socket is closed without a word.

use std::{num::NonZeroU32, time::Duration};

use candid::Principal;
use ic_ws_protocol::{ClientKey, frame::ClientFrameError};
use thiserror::Error;
use tokio_tungstenite::tungstenite::{
    self, Utf8Bytes,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::budget::Owner;

/// What a close frame holds at most beside its code (RFC 6455, section 5.5).
const MAX_TEXT: usize = 123;

/// Why a session ended.
#[derive(Debug, Error)]
pub(crate) enum CloseReason {
    #[error("the client closed the connection: {0}")]
    ClosedByClient(String),
    #[error("the connection was lost: {0}")]
    ConnectionLost(String),
    #[error("nothing was heard from the client for {0:?}")]
    Unresponsive(Duration),
    #[error("no ws_open within {0:?}")]
    HandshakeTimeout(Duration),
    #[error("not the WebSocket protocol: {0}")]
    ProtocolViolation(String),
    #[error("a message was not complete within {0:?}")]
    MessageTimeout(Duration),
    #[error("too much {owner} is incomplete: {size} bytes of this message")]
    TooMuchIncoming { owner: Owner, size: u64 },
    #[error("a message of {size} bytes, of at most {max}")]
    FrameTooLarge { size: usize, max: usize },
    #[error("more than {0} messages a second")]
    TooManyMessages(NonZeroU32),
    #[error("more than {0} messages a second from this address")]
    TooManyMessagesOfAddress(NonZeroU32),
    #[error("a text frame: only binary frames (CBOR) are understood")]
    TextFrame,
    #[error("a malformed frame: {0}")]
    MalformedFrame(#[from] ClientFrameError),
    #[error("a malformed argument of ws_open: {0}")]
    MalformedOpen(String),
    #[error("only calls are relayed")]
    NotACall,
    #[error("the first call must be ws_open, not '{0}'")]
    NotOpened(String),
    #[error("after ws_open only ws_message is relayed, not '{0}'")]
    UnexpectedMethod(String),
    #[error("the connection is to canister {bound}, the call is to {called}")]
    OtherCanister { bound: Principal, called: Principal },
    #[error("ws_open names the gateway {named}, this is {this}")]
    OtherGateway { named: Principal, this: Principal },
    #[error("the gateway does not serve canister {0}")]
    CanisterNotAllowed(Principal),
    #[error("the client {0} is already connected")]
    AlreadyConnected(ClientKey),
    #[error("the gateway serves {0} canisters already")]
    TooManyCanisters(usize),
    #[error("the gateway serves {0} canisters for this address already")]
    TooManyCanistersOfAddress(usize),
    #[error("ws_open was refused: {0}")]
    OpenRefused(String),
    #[error("ws_open is not possible now: {0}")]
    OpenUndecided(String),
    #[error("a message was refused: {0}")]
    MessageRefused(String),
    #[error("a message was not decided: {0}")]
    MessageUndecided(String),
    #[error("canister {canister} is unavailable: {error}")]
    CanisterUnavailable { canister: Principal, error: String },
    #[error("canister {0} knows nothing of the connection any more")]
    Forgotten(Principal),
    #[error("the client reads too slowly: {messages} messages were waiting, too much {owner}")]
    SlowClient { owner: Owner, messages: usize },
    #[error("the client has read nothing for {0:?}")]
    Unread(Duration),
    #[error("too much {owner} is undecided: {size} bytes of this client")]
    TooMuchPending { owner: Owner, size: usize },
    #[error("the gateway restarts")]
    Shutdown,
    #[error("the gateway failed: {0}")]
    Internal(String),
}

impl CloseReason {
    /// The name in the metric: never anything a client can choose.
    pub(crate) fn name(&self) -> &'static str {
        self.name_and_code().0
    }

    /// Whether something went wrong, beyond that clients come and go.
    pub(crate) fn is_fault(&self) -> bool {
        !matches!(
            self,
            Self::ClosedByClient(_)
                | Self::ConnectionLost(_)
                | Self::Unresponsive(_)
                | Self::Shutdown
        )
    }

    /// What the client is told; nothing if it is gone.
    pub(crate) fn frame(&self) -> Option<CloseFrame> {
        let text = self.to_string();
        let end = text.floor_char_boundary(MAX_TEXT);
        self.name_and_code().1.map(|code| CloseFrame {
            code,
            reason: Utf8Bytes::from(text.get(..end).unwrap_or_default()),
        })
    }

    fn name_and_code(&self) -> (&'static str, Option<CloseCode>) {
        match self {
            Self::ClosedByClient(_) => ("closed_by_client", None),
            Self::ConnectionLost(_) => ("connection_lost", None),
            Self::Unresponsive(_) => ("unresponsive", Some(CloseCode::Away)),
            Self::HandshakeTimeout(_) => ("handshake_timeout", Some(CloseCode::Policy)),
            Self::ProtocolViolation(_) => ("protocol_violation", Some(CloseCode::Protocol)),
            Self::MessageTimeout(_) => ("message_timeout", Some(CloseCode::Policy)),
            Self::TooMuchIncoming { owner, .. } => {
                let names = ["too_much_incoming", "too_much_incoming_of_address"];
                (of(*owner, names), Some(CloseCode::Again))
            }
            Self::FrameTooLarge { .. } => ("frame_too_large", Some(CloseCode::Size)),
            Self::TooManyMessages(_) => ("too_many_messages", Some(CloseCode::Policy)),
            Self::TooManyMessagesOfAddress(_) => {
                ("too_many_messages_of_address", Some(CloseCode::Policy))
            }
            Self::TextFrame => ("text_frame", Some(CloseCode::Unsupported)),
            Self::MalformedFrame(_) => ("malformed_frame", Some(CloseCode::Invalid)),
            Self::MalformedOpen(_) => ("malformed_open", Some(CloseCode::Invalid)),
            Self::NotACall => ("not_a_call", Some(CloseCode::Policy)),
            Self::NotOpened(_) => ("not_opened", Some(CloseCode::Policy)),
            Self::UnexpectedMethod(_) => ("unexpected_method", Some(CloseCode::Policy)),
            Self::OtherCanister { .. } => ("other_canister", Some(CloseCode::Policy)),
            Self::OtherGateway { .. } => ("other_gateway", Some(CloseCode::Policy)),
            Self::CanisterNotAllowed(_) => ("canister_not_allowed", Some(CloseCode::Policy)),
            Self::AlreadyConnected(_) => ("already_connected", Some(CloseCode::Policy)),
            Self::TooManyCanisters(_) => ("too_many_canisters", Some(CloseCode::Again)),
            Self::TooManyCanistersOfAddress(_) => {
                ("too_many_canisters_of_address", Some(CloseCode::Again))
            }
            Self::OpenRefused(_) => ("open_refused", Some(CloseCode::Policy)),
            Self::OpenUndecided(_) => ("open_undecided", Some(CloseCode::Again)),
            Self::MessageRefused(_) => ("message_refused", Some(CloseCode::Again)),
            Self::MessageUndecided(_) => ("message_undecided", Some(CloseCode::Again)),
            Self::CanisterUnavailable { .. } => ("canister_unavailable", Some(CloseCode::Again)),
            Self::Forgotten(_) => ("forgotten", Some(CloseCode::Again)),
            Self::TooMuchPending { owner, .. } => {
                let names = ["too_much_pending", "too_much_pending_of_address"];
                (of(*owner, names), Some(CloseCode::Again))
            }
            Self::SlowClient { owner, .. } => {
                let names = ["slow_client", "slow_clients_of_address"];
                (of(*owner, names), Some(CloseCode::Policy))
            }
            Self::Unread(_) => ("slow_client", Some(CloseCode::Policy)),
            Self::Shutdown => ("shutdown", Some(CloseCode::Restart)),
            Self::Internal(_) => ("internal", Some(CloseCode::Error)),
        }
    }
}

impl From<tungstenite::Error> for CloseReason {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::error::{CapacityError, Error, ProtocolError};
        match error {
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                Self::FrameTooLarge {
                    size,
                    max: max_size,
                }
            }
            // What watches the client's frames has a reason of its own.
            Error::Io(error) => error
                .downcast()
                .unwrap_or_else(|error| Self::ConnectionLost(error.to_string())),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | Error::ConnectionClosed
            | Error::AlreadyClosed => Self::ConnectionLost(error.to_string()),
            // The client sends, and does not read the answers.
            Error::WriteBufferFull(_) => Self::SlowClient {
                owner: Owner::Client,
                messages: 1,
            },
            other => Self::ProtocolViolation(other.to_string()),
        }
    }
}

/// The second name where an address is at its limit, else the first.
fn of(owner: Owner, names: [&'static str; 2]) -> &'static str {
    let [plain, of_address] = names;
    match owner {
        Owner::Address => of_address,
        Owner::Client | Owner::All => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let frame = CloseReason::OpenRefused("ä".repeat(200)).frame().unwrap();
        assert!(frame.reason.len() <= MAX_TEXT);
        assert!(frame.reason.starts_with("ws_open was refused: ää"));
    }

    #[test]
    fn a_client_that_is_gone_is_told_nothing() {
        assert!(
            CloseReason::ConnectionLost("reset".into())
                .frame()
                .is_none()
        );
        assert!(CloseReason::Shutdown.frame().is_some());
    }
}
