//! What a canister decides about its WebSockets: the callbacks and the limits.

use std::{fmt, time::Duration};

use candid::Principal;
use ic_ws_protocol::{
    ClientKey, CloseMessageReason,
    timing::{DEFAULT_ACK_INTERVAL, KEEP_ALIVE_TIMEOUT},
};

use crate::error::InitError;

const DEFAULT_MAX_RETURNED_MESSAGES: usize = 50;

/// The longest application message. With certificate and witness it still fits into the 3 MiB of a query's reply.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2 << 20;

/// Who a client is, whatever its connections.
pub type ClientPrincipal = Principal;

/// Who has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnOpenCallbackArgs {
    /// Names the new connection.
    pub client_key: ClientKey,
    /// Who is connected: the principal of `client_key`.
    pub client_principal: ClientPrincipal,
}

/// What a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnMessageCallbackArgs {
    /// The connection that it came over.
    pub client_key: ClientKey,
    /// Who sent it: the principal of `client_key`.
    pub client_principal: ClientPrincipal,
    /// The message as the client encoded it, by convention Candid. Not checked.
    pub message: Vec<u8>,
}

/// Whose connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnCloseCallbackArgs {
    /// Named the connection.
    pub client_key: ClientKey,
    /// Who was connected: the principal of `client_key`.
    pub client_principal: ClientPrincipal,
    /// Why it is not any more.
    pub reason: CloseReason,
}

/// Why a connection is gone. The client is told in the fewer words of the protocol, if there is a way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The gateway has lost the client, or the client has left.
    GatewayClosed,
    /// The application called [`close`](crate::close).
    ClosedByApplication,
    /// The application called [`reset`](crate::reset).
    Reset,
    /// The client did not answer an acknowledgement in time.
    KeepAliveTimeout,
    /// A message of the client's was still missing after the latency bound of 30 seconds, while later
    /// ones had come.
    MissingMessage,
    /// More messages came early than [`WsLimits`] lets wait for those before them.
    TooManyEarlyMessages,
    /// The client sent a message that is longer than [`WsLimits`] allows.
    MessageTooLarge,
    /// The client sent a service message that it may not send, or that cannot be decoded.
    InvalidServiceMessage,
    /// A broadcast did not fit into what [`WsLimits`] lets be kept for the client.
    QueueFull,
    /// The application called [`wipe`](crate::wipe).
    Wiped,
}

impl CloseReason {
    /// What the client is told, in the fewer words of the protocol; nothing if there is no way to tell it.
    pub(crate) fn for_client(self) -> Option<CloseMessageReason> {
        match self {
            Self::GatewayClosed | Self::Wiped => None,
            Self::ClosedByApplication => Some(CloseMessageReason::ClosedByApplication),
            // The protocol has words for the first of these only. A client that the application closes stays away; they
            // shall come back.
            Self::KeepAliveTimeout | Self::Reset | Self::MessageTooLarge | Self::QueueFull => {
                Some(CloseMessageReason::KeepAliveTimeout)
            }
            Self::MissingMessage | Self::TooManyEarlyMessages => {
                Some(CloseMessageReason::WrongSequenceNumber)
            }
            Self::InvalidServiceMessage => Some(CloseMessageReason::InvalidServiceMessage),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GatewayClosed => "the gateway has lost the client, or the client has left",
            Self::ClosedByApplication => "closed by the application",
            Self::Reset => "reset by the application",
            Self::KeepAliveTimeout => "no keep-alive in time",
            Self::MissingMessage => "a message did not come in time",
            Self::TooManyEarlyMessages => "too many messages wait for one before them",
            Self::MessageTooLarge => "a message was too long",
            Self::InvalidServiceMessage => "an invalid service message",
            Self::QueueFull => "more was sent to the client than is kept for it",
            Self::Wiped => "all connections were wiped",
        })
    }
}

/// The canister's callbacks. A callback may [`send`](crate::send) and [`close`](crate::close); callbacks that this
/// leads to run after it has returned. One that traps undoes the whole call that led to it.
///
/// ```
/// use ic_ws_cdk::{OnCloseCallbackArgs, OnOpenCallbackArgs, WsHandlers, WsInitParams};
///
/// fn on_open(args: OnOpenCallbackArgs) {
///     println!("{} is here", args.client_key);
/// }
///
/// fn on_close(args: OnCloseCallbackArgs) {
///     println!("{} is gone: {}", args.client_key, args.reason);
/// }
///
/// let handlers = WsHandlers { on_open: Some(on_open), on_close: Some(on_close), ..WsHandlers::default() };
/// assert!(WsInitParams::new(handlers).validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WsHandlers {
    /// A connection is open.
    pub on_open: Option<fn(OnOpenCallbackArgs)>,
    /// A message has arrived, the next one of its connection.
    pub on_message: Option<fn(OnMessageCallbackArgs)>,
    /// A connection is gone, whoever closed it. One that timed out is reported in a later call: were its client to connect
    /// again under the same nonce, of all, `on_open` could come first.
    pub on_close: Option<fn(OnCloseCallbackArgs)>,
}

/// What others can make the canister keep at most. Whoever reaches a limit gets an error that says so, or loses a
/// connection for that [reason](CloseReason).
///
/// Messages to clients are kept for an acknowledgement interval, fetched or not: gateways fetch by queries, of which a
/// canister remembers nothing. So what may be queued is also what may be sent within such an interval.
///
/// ```
/// use ic_ws_cdk::{WsHandlers, WsInitParams, WsLimits};
///
/// let limits = WsLimits { clients_per_principal: 3, message_bytes: 16 << 10, ..WsLimits::default() };
/// let params = WsInitParams::new(WsHandlers::default()).with_limits(limits);
/// assert!(params.validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WsLimits {
    /// Gateways that have clients, or messages left in their queues. Beyond, `ws_open` refuses clients of new gateways.
    /// Anybody can make up gateways until then, which only
    /// [`allowed_gateways`](WsInitParams::allowed_gateways) prevents.
    pub gateways: usize,
    /// Connections through one gateway. Beyond, `ws_open` refuses.
    pub clients_per_gateway: usize,
    /// Connections of one principal: its devices and tabs. Beyond, `ws_open` refuses.
    pub clients_per_principal: usize,
    /// Bytes of an application message, either way; at most 2 MiB, what fits into a reply with its proof. A client that
    /// sends more is closed.
    pub message_bytes: usize,
    /// Messages in its gateway's queue for one client. Beyond, [`send`](crate::send) refuses, and a broadcast closes.
    pub queued_messages_per_client: usize,
    /// Bytes in its gateway's queue for one client; with the same consequences.
    pub queued_bytes_per_client: usize,
    /// Messages in all queues, and those of broadcasts that are still under way. Beyond, whatever sends refuses. An
    /// upgrade certifies all of them anew, which for a million takes a sixth of what it may take.
    pub queued_messages: usize,
    /// Bytes of them; with the same consequence.
    pub queued_bytes: usize,
    /// Messages of one client that wait for one before them. Beyond, the connection is closed.
    pub early_messages_per_client: usize,
    /// Bytes of them; with the same consequence.
    pub early_bytes_per_client: usize,
    /// Bytes of such messages of all clients. Beyond, the connection of the one that comes then is closed.
    pub early_bytes: usize,
    /// Recipients that broadcasts under way have not reached yet. Beyond, [`broadcast`](crate::broadcast) refuses.
    pub pending_recipients: usize,
}

impl Default for WsLimits {
    fn default() -> Self {
        Self {
            gateways: 100,
            clients_per_gateway: 20_000,
            clients_per_principal: 20,
            message_bytes: MAX_MESSAGE_BYTES,
            queued_messages_per_client: 50_000,
            queued_bytes_per_client: 32 << 20,
            queued_messages: 1_000_000,
            queued_bytes: 1 << 30,
            early_messages_per_client: 64,
            early_bytes_per_client: 8 << 20,
            early_bytes: 64 << 20,
            pending_recipients: 100_000,
        }
    }
}

/// The arguments of [`init`](crate::init).
#[derive(Clone, Debug)]
pub struct WsInitParams {
    /// The canister's callbacks.
    pub handlers: WsHandlers,
    /// How many messages one poll of a gateway may return. At least 1; 50 unless set.
    pub max_number_of_returned_messages: usize,
    /// How often clients are told what has arrived, in milliseconds. More than 60,000; 300,000 unless set.
    /// A message that no gateway has fetched for as long may be dropped.
    pub send_ack_interval_ms: u64,
    /// What others can make the canister keep at most.
    pub limits: WsLimits,
    /// The only gateways that clients may connect through; any, unless set.
    pub allowed_gateways: Option<Vec<Principal>>,
}

impl WsInitParams {
    /// The default limits with these `handlers`.
    pub fn new(handlers: WsHandlers) -> Self {
        Self {
            handlers,
            max_number_of_returned_messages: DEFAULT_MAX_RETURNED_MESSAGES,
            send_ack_interval_ms: DEFAULT_ACK_INTERVAL.as_secs() * 1000,
            limits: WsLimits::default(),
            allowed_gateways: None,
        }
    }

    /// Sets [`max_number_of_returned_messages`](Self::max_number_of_returned_messages).
    pub fn with_max_number_of_returned_messages(mut self, number: usize) -> Self {
        self.max_number_of_returned_messages = number;
        self
    }

    /// Sets [`send_ack_interval_ms`](Self::send_ack_interval_ms).
    pub fn with_send_ack_interval_ms(mut self, milliseconds: u64) -> Self {
        self.send_ack_interval_ms = milliseconds;
        self
    }

    /// Sets [`limits`](Self::limits).
    pub fn with_limits(mut self, limits: WsLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`allowed_gateways`](Self::allowed_gateways).
    pub fn with_allowed_gateways(mut self, gateways: impl IntoIterator<Item = Principal>) -> Self {
        self.allowed_gateways = Some(gateways.into_iter().collect());
        self
    }

    /// Checks what [`init`](crate::init) checks.
    ///
    /// # Errors
    /// Names the value that is out of its range.
    pub fn validate(&self) -> Result<(), InitError> {
        if self.max_number_of_returned_messages == 0 {
            return Err(InitError::NoReturnedMessages);
        }
        if self.ack_interval() <= KEEP_ALIVE_TIMEOUT {
            return Err(InitError::AckIntervalTooShort(self.ack_interval()));
        }
        if self.limits.message_bytes > MAX_MESSAGE_BYTES {
            return Err(InitError::MessagesTooLong(self.limits.message_bytes));
        }
        Ok(())
    }

    pub(crate) fn ack_interval(&self) -> Duration {
        Duration::from_millis(self.send_ack_interval_ms)
    }
}

impl Default for WsInitParams {
    fn default() -> Self {
        Self::new(WsHandlers::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_checked() {
        let params = WsInitParams::default;
        assert_eq!(params().validate(), Ok(()));
        assert_eq!(
            params().with_send_ack_interval_ms(60_000).validate(),
            Err(InitError::AckIntervalTooShort(Duration::from_secs(60)))
        );
        assert_eq!(
            params().with_send_ack_interval_ms(60_001).validate(),
            Ok(())
        );
        assert_eq!(
            params().with_max_number_of_returned_messages(0).validate(),
            Err(InitError::NoReturnedMessages)
        );
        let longer = WsLimits {
            message_bytes: MAX_MESSAGE_BYTES + 1,
            ..WsLimits::default()
        };
        assert_eq!(
            params().with_limits(longer).validate(),
            Err(InitError::MessagesTooLong(MAX_MESSAGE_BYTES + 1))
        );
    }
}
