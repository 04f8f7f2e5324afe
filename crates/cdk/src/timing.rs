//! When clients and gateways need attention; all in nanoseconds.
//!
//! Each client is acknowledged to an interval after it was last: not all at once, which would flood their gateways, but
//! at the marks of a grid, so that a timer serves all that are due at one mark. Each message is dropped an interval after
//! it was queued, at the marks of a coarser one: it does no harm until then, and every timer costs cycles.

use std::time::Duration;

use ic_ws_protocol::timing::{COMMUNICATION_LATENCY_BOUND, KEEP_ALIVE_TIMEOUT};

use crate::storage::{ClientRecord, GatewayRecord};

/// How many marks the grid of acknowledgements has in an interval.
const ACK_MARKS: u64 = 20;
/// And that of dropped messages.
const EXPIRY_MARKS: u64 = 10;

/// What deadlines depend on besides the records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    ack_interval: u64,
    /// When the canister started: before that, it may have kept clients from being heard.
    started: u64,
}

impl Timing {
    pub fn new(ack_interval: Duration, started: u64) -> Self {
        Self {
            ack_interval: nanos(ack_interval),
            started,
        }
    }

    /// When the client is to be acknowledged to, or checked for its answer.
    pub fn ack_deadline(&self, client: &ClientRecord) -> u64 {
        if client.awaits_keep_alive {
            return client.last_ack.saturating_add(nanos(KEEP_ALIVE_TIMEOUT));
        }
        let latest = client.last_ack.saturating_add(self.ack_interval);
        latest - latest % (self.ack_interval / ACK_MARKS)
    }

    /// When a message that is missing must have come.
    pub fn gap_deadline(&self, client: &ClientRecord) -> Option<u64> {
        let since = client.gap_since.max(self.started);
        (client.gap_since != 0).then(|| since.saturating_add(nanos(COMMUNICATION_LATENCY_BOUND)))
    }

    /// The first of the client's deadlines.
    pub fn client_deadline(&self, client: &ClientRecord) -> u64 {
        let ack = self.ack_deadline(client);
        self.gap_deadline(client).map_or(ack, |gap| gap.min(ack))
    }

    /// Whether the client has had the time to answer its last acknowledgement, and has not.
    pub fn is_silent(&self, client: &ClientRecord) -> bool {
        client.last_ack > self.started && client.last_keep_alive < client.last_ack
    }

    /// When a message that was queued at `timestamp` is dropped.
    pub fn expiry(&self, timestamp: u64) -> u64 {
        let earliest = timestamp.saturating_add(self.ack_interval);
        earliest
            .checked_next_multiple_of(self.ack_interval / EXPIRY_MARKS)
            .unwrap_or(u64::MAX)
    }

    /// When a gateway whose queue is empty is forgotten.
    pub fn desertion(&self, gateway: &GatewayRecord) -> Option<u64> {
        (gateway.clients == 0).then(|| self.expiry(gateway.deserted_at))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
