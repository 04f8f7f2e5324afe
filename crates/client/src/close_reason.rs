//! Why a connection is over, in words that an application can show; and what that says of those who took part in it.

use std::{fmt, time::Duration};

use ic_ws_protocol::{ClientKey, CloseMessageReason, OutcomeError, VerifyError, cbor::CborError};
use thiserror::Error;

use crate::signer::{RandomError, SignError};

/// Why a connection is over: for good, or until there is another one.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The application closed the connection, or dropped its handle or its events.
    #[error("closed by this client")]
    ClosedByClient,
    /// The canister sent a close message.
    #[error("closed by the canister: {0}")]
    ClosedByCanister(CloseMessageReason),
    /// The canister refused a call, as a certified receipt says.
    #[error("the canister refused {call}: {reason}")]
    Refused {
        /// Which call.
        call: CallKind,
        /// The canister's own reason, or the network's where the canister could not give one.
        reason: String,
    },
    /// The network refused a call before it was executed. So says the gateway; there is no proof.
    #[error("the network refused {call}: {reason}")]
    Rejected {
        /// Which call.
        call: CallKind,
        /// What the gateway says the reason is.
        reason: String,
    },
    /// The gateway closed the socket.
    #[error("closed by the gateway: {0}")]
    ClosedByGateway(CloseFrame),
    /// The socket could not be opened, or failed.
    #[error(transparent)]
    Socket(#[from] SocketError),

    /// The gateway did not introduce itself in time.
    #[error("the gateway did not answer within {0:?}")]
    HandshakeTimeout(Duration),
    /// The gateway's first frame does not introduce it.
    #[error("the gateway's first frame is not a handshake: {0}")]
    MalformedHandshake(CborError),
    /// The canister did not open the connection in time.
    #[error("the canister did not open the connection within {0:?}")]
    OpenTimeout(Duration),
    /// The canister did not acknowledge a message in time: it is gone, or the gateway withholds traffic.
    #[error("the canister did not acknowledge message {sequence_num} within {timeout:?}")]
    AckTimeout {
        /// The oldest message that was not acknowledged.
        sequence_num: u64,
        /// How long it may take.
        timeout: Duration,
    },

    /// Nothing came from the canister, not even the acknowledgement that is due: it is gone, or the gateway withholds
    /// traffic.
    #[error("nothing came from the canister for {0:?}")]
    Silence(Duration),

    /// A frame is neither a canister message nor a receipt.
    #[error("the gateway sent a malformed frame: {0}")]
    MalformedFrame(CborError),
    /// A message is not proved to come from the canister.
    #[error("a message failed verification: {0}")]
    Unverified(#[from] VerifyError),
    /// A receipt is not proved.
    #[error("a receipt failed verification: {0}")]
    UnverifiedReceipt(#[from] OutcomeError),
    /// A message of the canister for another connection.
    #[error("the gateway delivered a message for the client '{0}'")]
    WrongClientKey(ClientKey),
    /// A message was dropped, repeated or moved.
    #[error("message {expected} was expected from the canister, but message {received} came")]
    WrongSequenceNumber {
        /// The number after the last message's.
        expected: u64,
        /// The number it had.
        received: u64,
    },
    /// The canister's first message does not open the connection.
    #[error("the canister sent a message before it opened the connection")]
    NotOpened,
    /// A service message that cannot be decoded.
    #[error("the canister sent a malformed service message: {0}")]
    MalformedServiceMessage(String),
    /// A service message that the canister may not send, or not now.
    #[error("the canister sent an unexpected {0}")]
    UnexpectedServiceMessage(&'static str),
    /// The canister opened the connection under another key.
    #[error("the canister opened the connection for the client '{0}'")]
    OpenedForOther(ClientKey),
    /// The canister acknowledged what was never sent.
    #[error("the canister acknowledged message {acknowledged}, but the last one sent is {sent}")]
    UnsentAcknowledged {
        /// The sequence number in the acknowledgement.
        acknowledged: u64,
        /// The sequence number of the last message sent.
        sent: u64,
    },

    /// The configuration names no gateway.
    #[error("there is no gateway to connect to")]
    NoGateway,
    /// The application did not take its events.
    #[error("{0} events were waiting for the application")]
    EventsOverrun(usize),
    /// A call could not be signed.
    #[error(transparent)]
    Signing(#[from] SignError),
    /// A call could not be encoded.
    #[error("a call could not be encoded: {0}")]
    Encoding(String),
    /// No random number could be had for the connection's key.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// WebSocket close codes of the protocol; those of the published client.
mod code {
    pub const NORMAL: u16 = 1000;
    pub const ERROR: u16 = 4000;
    pub const CLOSED_BY_APPLICATION: u16 = 4001;
}

impl CloseReason {
    /// The WebSocket close code that tells the gateway: 1000 when this client closed, 4001 when the canister's
    /// application did, 4000 for everything else.
    pub fn close_code(&self) -> u16 {
        match self {
            Self::ClosedByClient => code::NORMAL,
            Self::ClosedByCanister(CloseMessageReason::ClosedByApplication) => {
                code::CLOSED_BY_APPLICATION
            }
            _ => code::ERROR,
        }
    }

    /// The close frame that tells the gateway.
    pub fn close_frame(&self) -> CloseFrame {
        CloseFrame::new(self.close_code(), &self.to_string())
    }

    /// Whether there is no sense in connecting once more: this client or the canister's application wants it so, or
    /// this client cannot go on.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::ClosedByClient
                | Self::ClosedByCanister(CloseMessageReason::ClosedByApplication)
                | Self::NoGateway
                | Self::EventsOverrun(_)
                | Self::Signing(_)
                | Self::Encoding(_)
                | Self::Random(_)
        )
    }

    /// Whether the gateway has done what an honest one does not do, or withheld what an honest one does not withhold.
    /// Some of it may be the canister's or the network's doing; another gateway will tell.
    pub fn is_misbehaviour(&self) -> bool {
        matches!(
            self,
            Self::HandshakeTimeout(_)
                | Self::MalformedHandshake(_)
                | Self::OpenTimeout(_)
                | Self::AckTimeout { .. }
                | Self::Silence(_)
                | Self::MalformedFrame(_)
                | Self::Unverified(_)
                | Self::UnverifiedReceipt(_)
                | Self::WrongClientKey(_)
                | Self::WrongSequenceNumber { .. }
                | Self::Socket(SocketError::TextFrame)
        )
    }
}

/// A call that a client makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// The one that opens the connection.
    Open,
    /// The application's greeting.
    Greeting,
    /// A message of the application.
    Message,
    /// The answer to an acknowledgement.
    KeepAlive,
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "to open the connection",
            Self::Greeting => "the greeting",
            Self::Message => "a message",
            Self::KeepAlive => "a keep-alive",
        })
    }
}

/// What a WebSocket close frame says (RFC 6455 section 5.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// The close code.
    pub code: u16,
    /// The reason; may be empty.
    pub reason: String,
}

impl CloseFrame {
    /// A control frame has at most 125 bytes, of which the code takes two.
    const MAX_REASON_BYTES: usize = 123;

    /// Cuts `reason` to what a close frame can hold.
    pub fn new(code: u16, reason: &str) -> Self {
        let end = reason.floor_char_boundary(Self::MAX_REASON_BYTES);
        let reason = reason.get(..end).unwrap_or_default().to_owned();
        Self { code, reason }
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason.as_str() {
            "" => write!(f, "no reason given (code {})", self.code),
            reason => write!(f, "{reason} (code {})", self.code),
        }
    }
}

/// Why a socket failed.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketError {
    /// It did not open.
    #[error("could not connect to the gateway: {0}")]
    Connect(String),
    /// It broke.
    #[error("the connection to the gateway broke: {0}")]
    Broken(String),
    /// The protocol has binary frames only.
    #[error("the gateway sent a text frame")]
    TextFrame,
    /// Frames came faster than they could be verified.
    #[error("{0} frames of the gateway were waiting")]
    Overrun(usize),
}
