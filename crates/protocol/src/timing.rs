//! The intervals on which client and canister must agree.

use std::time::Duration;

/// The longest that a message may be under way between client and canister.
pub const COMMUNICATION_LATENCY_BOUND: Duration = Duration::from_secs(30);

/// How often a canister acknowledges what it received, unless it is configured otherwise.
pub const DEFAULT_ACK_INTERVAL: Duration = Duration::from_secs(300);

/// How long after an acknowledgement the canister waits for the client's keep-alive.
/// An acknowledgement interval must be longer than this.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client waits for the canister's open message after it has called `ws_open`.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(60);

/// How old the certificate of a message may be when the client receives it.
pub const MAX_CERTIFICATE_AGE: Duration = Duration::from_secs(300);
