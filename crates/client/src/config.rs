//! What a connection needs to know, and the limits it keeps.

use std::time::Duration;

use candid::Principal;
use ic_ws_protocol::timing::{DEFAULT_ACK_INTERVAL, MAX_CERTIFICATE_AGE, OPEN_TIMEOUT};

/// Where to connect to, whom to believe, and how much to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The WebSocket URLs of the gateways (`ws://` or `wss://`), the preferred one first. Each time the connection is
    /// lost, the next one of the list takes its turn.
    pub gateways: Vec<String>,
    /// The canister to talk to.
    pub canister: Principal,
    /// The network that the canister is on.
    pub network: Network,
    /// How often the canister acknowledges what it received: 300 s unless set. Must be the canister's own setting
    /// (`send_ack_interval_ms`) or longer.
    pub ack_interval: Duration,
    /// How long the gateway may take to introduce itself, and the canister to open the connection after that: 60 s unless
    /// set.
    pub open_timeout: Duration,
    /// How old the certificate of a message may be: 300 s unless set. What a gateway delays for longer is not believed any
    /// more.
    pub max_certificate_age: Duration,
    /// When to try again after the connection was lost.
    pub reconnect: Reconnect,
    /// How many messages may wait for the canister to acknowledge them: 1,024 unless set. One more is refused with
    /// [`SendError::QueueFull`](crate::SendError::QueueFull).
    pub max_pending_messages: usize,
    /// How many bytes of Candid these messages may have together: 16 MiB unless set.
    pub max_pending_bytes: usize,
    /// The size, in bytes of Candid, up to which a message is sent: somewhat less than 2 MiB unless set, which is what the
    /// network takes. A larger one is refused with
    /// [`SendError::TooLarge`](crate::SendError::TooLarge).
    pub max_message_bytes: usize,
    /// How many sent messages, with those of the protocol itself, the canister may not have acknowledged in its own
    /// time: 16,384 unless set. Until there are fewer, further ones wait to be sent.
    pub max_unacknowledged: usize,
    /// How many events may wait for the application, and in the browser, how many frames for verification: 1,024 unless set.
    /// One more event closes the connection; one more frame has it opened anew.
    pub max_queued_events: usize,
    /// The size of the largest frame taken from the gateway, in bytes: 8 MiB unless set. A larger one ends the connection.
    /// (In the browser, the browser's own limit holds.)
    pub max_frame_bytes: usize,
    /// DER-encoded certificates of authorities that may vouch for `wss://` gateways, beside the public ones.
    #[cfg(not(target_family = "wasm"))]
    pub root_certificates: Vec<Vec<u8>>,
}

/// Whom to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The DER-encoded public key of the network. It decides which certificates count, so it must come from
    /// a source other than the gateway: the mainnet's is published and never changes, a page has it from the `ic_env` cookie
    /// of its asset canister, and a local network tells it at `/api/v2/status`.
    pub root_key: Vec<u8>,
    /// The network's HTTP interface, such as `https://icp-api.io`. Where it is given, it is asked for the time, which
    /// is proved by a certificate, and so a device whose clock is wrong can connect. Without it, the clock may be some
    /// three minutes off.
    pub url: Option<String>,
}

/// When to try again, and when not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnect {
    /// The longest wait before the first retry: 500 ms unless set. Each wait is a random part of a span that doubles from
    /// retry to retry.
    pub first_wait: Duration,
    /// The longest wait of all: 30 s unless set.
    pub max_wait: Duration,
    /// How long a connection must have been open for the waits to become short again: 30 s unless set.
    pub stable_after: Duration,
    /// For how long a gateway that misbehaved comes last: ten minutes unless set.
    pub penalty: Duration,
    /// After how long without an open connection to give up; never if `None`, as it is unless set.
    pub give_up_after: Option<Duration>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(500),
            max_wait: Duration::from_secs(30),
            stable_after: Duration::from_secs(30),
            penalty: Duration::from_secs(600),
            give_up_after: None,
        }
    }
}

impl Config {
    /// The usual limits, and the timing of a canister that uses the published defaults.
    pub fn new(
        gateways: impl IntoIterator<Item = impl Into<String>>,
        canister: Principal,
        root_key: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            gateways: gateways.into_iter().map(Into::into).collect(),
            canister,
            network: Network {
                root_key: root_key.into(),
                url: None,
            },
            ack_interval: DEFAULT_ACK_INTERVAL,
            open_timeout: OPEN_TIMEOUT,
            max_certificate_age: MAX_CERTIFICATE_AGE,
            reconnect: Reconnect::default(),
            max_pending_messages: 1024,
            max_pending_bytes: 16 * 1024 * 1024,
            // A call may have 2 MiB; the rest is room for the envelope around the message.
            max_message_bytes: 2 * 1024 * 1024 - 16 * 1024,
            max_unacknowledged: 16 * 1024,
            max_queued_events: 1024,
            max_frame_bytes: 8 * 1024 * 1024,
            #[cfg(not(target_family = "wasm"))]
            root_certificates: Vec::new(),
        }
    }
}
