//! The bounds of everything that grows with what others do.

use std::{num::NonZeroU32, time::Duration};

use clap::Args;

use super::values::{amount, milliseconds};

/// What bounds the gateway's use of memory, time and sockets.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections at the same time. More are answered with HTTP status 503.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = amount())]
    pub max_connections: usize,

    /// Connections at the same time of one address. More are answered with HTTP status 429.
    /// Of IPv6, the network of a subscriber (/64) counts as one address.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = amount())]
    pub max_connections_per_address: usize,

    /// Addresses that are remembered after their last connection ended, so that a new one is no new start.
    #[arg(long, value_name = "N", default_value = "100000", value_parser = amount())]
    pub max_tracked_addresses: usize,

    /// Messages a second that one client may send for long; ten times as many at once. With more it is closed.
    /// A message counts once for each 16 KiB that it begins; the largest frame must be within the limit.
    #[arg(long, value_name = "N", default_value = "200")]
    pub max_message_rate: NonZeroU32,

    /// Messages a second that all clients of one address may send for long; ten times as many at once.
    /// It is counted likewise. Those who send more are closed.
    #[arg(long, value_name = "N", default_value = "5000")]
    pub max_message_rate_per_address: NonZeroU32,

    /// Canisters with clients at the same time. A client of one more is closed.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = amount())]
    pub max_canisters: usize,

    /// Canisters that one address may be the first to connect to, of those with clients at the same time. A client of
    /// one more is closed.
    #[arg(long, value_name = "N", default_value = "100", value_parser = amount())]
    pub max_canisters_per_address: usize,

    /// The largest frame a client may send, in bytes. A larger one closes it.
    /// The default leaves an envelope of the network's largest ingress message (2 MiB) its overhead.
    #[arg(long, value_name = "BYTES", default_value = "2162688", value_parser = amount())]
    pub max_frame_size: usize,

    /// The bytes of messages that have begun to arrive and are not complete, and of the buffers that clients keep who
    /// have sent a large one, of all clients. One that takes more than is left for the others is closed.
    #[arg(long, value_name = "BYTES", default_value = "268435456", value_parser = amount())]
    pub max_total_incoming_bytes: usize,

    /// The same of the clients of one address.
    #[arg(long, value_name = "BYTES", default_value = "67108864", value_parser = amount())]
    pub max_incoming_bytes_per_address: usize,

    /// Messages that may wait for one client to read them. With one more it is closed as too slow.
    #[arg(long, value_name = "N", default_value = "1024", value_parser = amount())]
    pub max_outgoing_messages: usize,

    /// The bytes of these messages and of what proves them. With more the client is closed as too slow.
    /// One message may wait whatever its size.
    #[arg(long, value_name = "BYTES", default_value = "16777216", value_parser = amount())]
    pub max_outgoing_bytes: usize,

    /// The bytes of messages that may wait for all clients. One for whom more waits than is left for the others is
    /// closed as too slow.
    #[arg(long, value_name = "BYTES", default_value = "1073741824", value_parser = amount())]
    pub max_total_outgoing_bytes: usize,

    /// The same of the clients of one address.
    #[arg(long, value_name = "BYTES", default_value = "268435456", value_parser = amount())]
    pub max_outgoing_bytes_per_address: usize,

    /// Calls of one client that may be undecided on the network, and as many again that may wait to be
    /// posted. Beyond that the gateway does not read from the client's socket.
    #[arg(long, value_name = "N", default_value = "32", value_parser = amount())]
    pub max_pending_calls: usize,

    /// The bytes of these calls, whether they wait or are undecided. One call may have any size.
    #[arg(long, value_name = "BYTES", default_value = "8388608", value_parser = amount())]
    pub max_pending_bytes: usize,

    /// The bytes of the calls of all clients. One of whom more is undecided than is left for the others is closed.
    #[arg(long, value_name = "BYTES", default_value = "536870912", value_parser = amount())]
    pub max_total_pending_bytes: usize,

    /// The same of the clients of one address.
    #[arg(long, value_name = "BYTES", default_value = "134217728", value_parser = amount())]
    pub max_pending_bytes_per_address: usize,

    /// Calls that may be on their way to the network at the same time. Others wait, and so do those who send more
    /// of them; a call that waits longer than for its decision is refused. The network must take more connections than
    /// this, or polls wait for calls.
    #[arg(long, value_name = "N", default_value = "800", value_parser = amount())]
    pub max_calls: usize,

    /// The same of the clients of one address.
    #[arg(long, value_name = "N", default_value = "400", value_parser = amount())]
    pub max_calls_per_address: usize,

    /// The same of the calls to one canister, so that a slow one does not delay the calls to others. Set it lower
    /// where many canisters may be slow at once.
    #[arg(long, value_name = "N", default_value = "400", value_parser = amount())]
    pub max_calls_per_canister: usize,

    /// Calls of `ws_close` to one canister that may be on their way at the same time.
    #[arg(long, value_name = "N", default_value = "256", value_parser = amount())]
    pub max_pending_closes: usize,

    /// The largest answer accepted from the network, in bytes.
    #[arg(long, value_name = "BYTES", default_value = "8388608", value_parser = amount())]
    pub max_response_size: usize,

    /// How long a client may take for TLS and its HTTP request, and then to send `ws_open`, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub handshake_timeout: Duration,

    /// How long a client may take to send one message once it has begun, in milliseconds. Then it is closed.
    #[arg(long, value_name = "MS", default_value = "60000", value_parser = milliseconds())]
    pub message_timeout: Duration,

    /// How often an idle client is pinged, in milliseconds. One that is silent for two intervals is closed.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub ping_interval: Duration,

    /// How long one HTTP request to the network may take, in milliseconds. Polls have a time of their own.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub request_timeout: Duration,

    /// How long one poll of a canister may take, in milliseconds. Well below the canister's timeout, so that a lost
    /// connection to the network costs a retry.
    #[arg(long, value_name = "MS", default_value = "10000", value_parser = milliseconds())]
    pub poll_timeout: Duration,

    /// How long the network may take to decide a call, retries included, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "120000", value_parser = milliseconds())]
    pub call_timeout: Duration,

    /// How long after a client's `ws_open` succeeded the canister's first message to it may be missing, in
    /// milliseconds. Then the canister's queue is read from its start, as it may have begun a new one.
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds())]
    pub open_message_timeout: Duration,

    /// How long after a canister refused a client's message its own message about that may be missing, in
    /// milliseconds. Then the client is closed, as the canister will accept none of its later messages. Clients with
    /// receipts are not.
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds())]
    pub close_message_timeout: Duration,

    /// How long a canister may have had no message for this gateway before that looks whether the latest one is still
    /// there, in milliseconds. If not, the canister has begun anew, and its clients are closed.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub queue_check_interval: Duration,

    /// How long all polls of a canister may have failed before its clients are closed, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub canister_timeout: Duration,

    /// For how long the network may not answer before /ready says so, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub ready_timeout: Duration,

    /// How long closing one connection may take on either side, in milliseconds: the closing handshake with
    /// the client, and what the network has yet to be told of it.
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds())]
    pub close_timeout: Duration,

    /// How long the gateway may take to end after it was asked to, in milliseconds.
    /// The default leaves time to close a connection, which may take the time for that twice.
    #[arg(long, value_name = "MS", default_value = "15000", value_parser = milliseconds())]
    pub shutdown_timeout: Duration,
}
