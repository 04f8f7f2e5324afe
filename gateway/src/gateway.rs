//! What all parts of one running gateway share.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    addresses::Addresses,
    canisters::Canisters,
    close::CloseReason,
    config::Config,
    error::GatewayError,
    identity::Identity,
    memory::Memory,
    metrics::Metrics,
    network::Network,
    refusal::Refusal,
    status::{History, RecentErrors},
    traces::Traces,
};

/// One running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) identity: Identity,
    pub(crate) network: Network,
    pub(crate) canisters: Canisters,
    /// WebSockets that there may be beside those that are.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) addresses: Arc<Addresses>,
    /// Of all clients.
    pub(crate) memory: Memory,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Traces,
    pub(crate) history: History,
    pub(crate) recent_errors: RecentErrors,
    pub(crate) config: Config,
    pub(crate) started: Instant,
    /// Numbers the sessions, for the log.
    pub(crate) sessions: AtomicU64,
    /// Cancelled when the gateway ends.
    pub(crate) shutdown: CancellationToken,
    /// What has to finish before the gateway has ended.
    pub(crate) tasks: TaskTracker,
}

impl Gateway {
    /// A connection was refused before it was a WebSocket.
    pub(crate) fn refused(&self, refusal: Refusal) {
        self.metrics.refused(refusal.name());
        self.recent_errors
            .add(format!("Connection refused: {refusal}"), None);
    }

    /// A session has ended.
    pub(crate) fn closed(&self, reason: &CloseReason) {
        self.metrics.closed(reason);
        if reason.is_fault() {
            let name = reason.name().replace('_', " ");
            self.recent_errors
                .add(format!("Connection closed: {name}"), None);
        }
    }

    pub(crate) fn new(identity: Identity, config: Config) -> Result<Self, GatewayError> {
        let metrics = Metrics::new();
        let memory = Memory::of_all(&config.limits);
        Ok(Self {
            network: Network::new(&config.ic_network_url, &config.limits)
                .map_err(GatewayError::HttpClient)?,
            identity,
            canisters: Canisters::default(),
            places: Arc::new(Semaphore::new(config.limits.max_connections)),
            addresses: Addresses::new(&config.limits, &memory),
            memory,
            traces: Traces::new(&config.telemetry, &metrics)?,
            metrics,
            history: History::default(),
            recent_errors: RecentErrors::default(),
            config,
            started: Instant::now(),
            sessions: AtomicU64::default(),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }
}
