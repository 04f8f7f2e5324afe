//! What a connection needs to know, and the limits it keeps.

use std::time::Duration;

use candid::Principal;
use ic_ws_protocol::timing::{DEFAULT_ACK_INTERVAL, OPEN_TIMEOUT};

/// Where to connect to, whom to believe, and how much to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The WebSocket URL of the gateway.
    pub gateway_url: String,
    /// The canister to talk to.
    pub canister: Principal,
    /// The DER-encoded public key of the network. It decides which certificates count, so it must come from
    /// a source other than the gateway.
    pub root_key: Vec<u8>,
    /// How often the canister acknowledges what it received. Must be the canister's own setting or longer.
    pub ack_interval: Duration,
    /// How long the gateway may take to introduce itself, and the canister to open the connection after that.
    pub open_timeout: Duration,
    /// How many messages may wait to be sent. One more is refused with
    /// [`SendError::QueueFull`](crate::SendError::QueueFull).
    pub max_queued_messages: usize,
    /// The size, in bytes of Candid, up to which a message is sent. A larger one is refused with
    /// [`SendError::TooLarge`](crate::SendError::TooLarge).
    pub max_message_bytes: usize,
    /// How many sent messages may be unacknowledged. Until there are fewer, further ones wait to be sent.
    pub max_unacknowledged: usize,
    /// How many events may wait for the application, and in the browser, how many frames for verification.
    /// One more closes the connection.
    pub max_queued_events: usize,
    /// The size of the largest frame taken from the gateway, in bytes. A larger one closes the connection.
    /// (In the browser, the browser's own limit holds.)
    pub max_frame_bytes: usize,
}

impl Config {
    /// The usual limits, and the timing of a canister that uses the published defaults.
    pub fn new(
        gateway_url: impl Into<String>,
        canister: Principal,
        root_key: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            gateway_url: gateway_url.into(),
            canister,
            root_key: root_key.into(),
            ack_interval: DEFAULT_ACK_INTERVAL,
            open_timeout: OPEN_TIMEOUT,
            max_queued_messages: 256,
            // A call may have 2 MiB; the rest is room for the envelope around the message.
            max_message_bytes: 2 * 1024 * 1024 - 16 * 1024,
            max_unacknowledged: 16 * 1024,
            max_queued_events: 1024,
            max_frame_bytes: 8 * 1024 * 1024,
        }
    }
}
