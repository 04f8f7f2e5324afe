//! How the gateway is doing at one moment: what the status page shows, and `/status.json` tells.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::history::{PERIOD, Sample};
use crate::{canisters::Summary, gateway::Gateway};

/// A gateway at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    pub(super) version: &'static str,
    pub(super) principal: String,
    /// Scheme, host and port of the network; not the whole URL, which may hold a key.
    pub(super) network: String,
    pub(super) uptime_seconds: u64,
    pub(super) clients: usize,
    pub(super) connections: i64,
    pub(super) sample_seconds: u64,
    /// Oldest first.
    pub(super) samples: Vec<Sample>,
    /// Those with most clients first.
    pub(super) canisters: Vec<Canister>,
    /// Latest first.
    pub(super) recent_errors: Vec<Error>,
    pub(super) limits: Vec<Limit>,
}

#[derive(Debug, Serialize)]
pub(super) struct Canister {
    pub(super) id: String,
    pub(super) clients: usize,
    /// Messages that wait for clients to read them.
    pub(super) waiting_messages: usize,
    /// Since the latest poll that succeeded.
    pub(super) polled_seconds_ago: Option<f64>,
    /// Why the latest poll failed, if it did.
    pub(super) error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Error {
    pub(super) text: String,
    pub(super) canister: Option<String>,
    /// Since 1970.
    pub(super) at_seconds: u64,
    pub(super) seconds_ago: u64,
    pub(super) times: u64,
}

/// A bound, and how much of it is used where that is known.
#[derive(Debug, Serialize)]
pub(super) struct Limit {
    pub(super) name: &'static str,
    pub(super) limit: u64,
    pub(super) used: Option<u64>,
}

impl Snapshot {
    pub(super) fn of(gateway: &Gateway) -> Self {
        let mut summary = gateway.canisters.summary();
        summary.sort_by(|a, b| b.clients.cmp(&a.clients).then_with(|| a.id.cmp(&b.id)));
        let connections = gateway.metrics.connections.get();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            principal: gateway.identity.principal().to_string(),
            network: gateway.config.ic_network_url.origin().ascii_serialization(),
            uptime_seconds: gateway.started.elapsed().as_secs(),
            clients: summary.iter().map(|canister| canister.clients).sum(),
            connections,
            sample_seconds: PERIOD.as_secs(),
            samples: gateway.history.samples(),
            limits: limits(gateway, summary.len(), connections),
            canisters: summary.into_iter().map(Canister::from).collect(),
            recent_errors: recent_errors(gateway),
        }
    }
}

impl From<Summary> for Canister {
    fn from(summary: Summary) -> Self {
        Self {
            id: summary.id.to_string(),
            clients: summary.clients,
            waiting_messages: summary.outgoing_messages,
            polled_seconds_ago: summary.since_poll.map(|since| since.as_secs_f64()),
            error: summary.poll_error,
        }
    }
}

fn recent_errors(gateway: &Gateway) -> Vec<Error> {
    let seconds = |time: SystemTime| {
        time.duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    let now = seconds(SystemTime::now());
    let errors = gateway.recent_errors.list().into_iter();
    errors
        .map(|error| Error {
            text: error.text,
            canister: error.canister.map(|canister| canister.to_string()),
            at_seconds: seconds(error.at),
            seconds_ago: now.saturating_sub(seconds(error.at)),
            times: error.times,
        })
        .collect()
}

fn limits(gateway: &Gateway, canisters: usize, connections: i64) -> Vec<Limit> {
    let limits = &gateway.config.limits;
    let limit = |name, limit, used| Limit { name, limit, used };
    vec![
        limit(
            "Connections",
            limits.max_connections as u64,
            u64::try_from(connections).ok(),
        ),
        limit(
            "Connections of one address",
            limits.max_connections_per_address as u64,
            None,
        ),
        limit(
            "Canisters",
            limits.max_canisters as u64,
            Some(canisters as u64),
        ),
        limit(
            "Canisters of one address",
            limits.max_canisters_per_address as u64,
            None,
        ),
        limit(
            "Messages a second of one client",
            limits.max_message_rate.get().into(),
            None,
        ),
        limit(
            "Messages a second of one address",
            limits.max_message_rate_per_address.get().into(),
            None,
        ),
        limit("Bytes of a frame", limits.max_frame_size as u64, None),
        limit(
            "Messages waiting for one client",
            limits.max_outgoing_messages as u64,
            None,
        ),
        limit(
            "Bytes waiting for one client",
            limits.max_outgoing_bytes as u64,
            None,
        ),
        limit(
            "Bytes waiting for one address",
            limits.max_outgoing_bytes_per_address as u64,
            None,
        ),
        limit(
            "Bytes waiting for all clients",
            limits.max_total_outgoing_bytes as u64,
            Some(gateway.memory.outgoing.used() as u64),
        ),
        limit(
            "Bytes of incomplete messages",
            limits.max_total_incoming_bytes as u64,
            Some(gateway.memory.incoming.used() as u64),
        ),
        limit(
            "Bytes of incomplete messages of one address",
            limits.max_incoming_bytes_per_address as u64,
            None,
        ),
        limit(
            "Undecided calls of one client",
            limits.max_pending_calls as u64,
            None,
        ),
        limit(
            "Bytes of undecided calls",
            limits.max_total_pending_bytes as u64,
            Some(gateway.memory.pending.used() as u64),
        ),
        limit(
            "Bytes of undecided calls of one address",
            limits.max_pending_bytes_per_address as u64,
            None,
        ),
        limit(
            "Calls on their way",
            limits.max_calls as u64,
            Some(gateway.network.calls_in_flight() as u64),
        ),
    ]
}
