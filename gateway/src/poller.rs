//! Fetches what a canister has to send to the clients of this gateway.
//!
//! The canister keeps one queue for the gateway, numbered from 0. Polling starts at 0 whenever the first client
//! comes; what is left of earlier messages then belongs to nobody, and is dropped.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use candid::Principal;
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::{CanisterWsGetMessagesArguments, MessageKey, decode_get_messages_reply};
use thiserror::Error;
use tokio::time::sleep;
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    canisters::{Canister, Handover},
    delivery::Proof,
    gateway::Gateway,
    identity::ingress_expiry,
    metrics::PollResult,
    network::{MAX_BACKOFF, NetworkError, backoff},
    witness::Witness,
};

/// A poll gave nothing.
#[derive(Debug, Error)]
enum PollError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("the argument cannot be encoded: {0}")]
    Argument(candid::Error),
    #[error("ws_get_messages replied something else: {0}")]
    Malformed(candid::Error),
    #[error("ws_get_messages replied an error: {0}")]
    Refused(String),
}

/// Polls `canister` until aborted.
pub(crate) async fn run(gateway: Arc<Gateway>, canister: Arc<Canister>) {
    let span = info_span!("poller", canister = %canister.id);
    async {
        info!("polling");
        let mut poller = Poller {
            gateway,
            canister,
            nonce: 0,
        };
        let mut delays = backoff();
        loop {
            if let Err(error) = poller.drain().await {
                poller.gateway.metrics.polled(PollResult::Failed);
                poller.canister.polling.failed(error.to_string());
                let errors = &poller.gateway.recent_errors;
                errors.add(format!("Cannot poll: {error}"), Some(poller.canister.id));
                warn!(%error, "cannot poll");
                sleep(delays.next().unwrap_or(MAX_BACKOFF)).await;
                continue;
            }
            delays = backoff();
            tokio::select! {
                () = poller.canister.changed.notified() => {}
                () = sleep(poller.gateway.config.polling_interval) => {}
            }
        }
    }
    .instrument(span)
    .await;
}

struct Poller {
    gateway: Arc<Gateway>,
    canister: Arc<Canister>,
    /// The number of the next message.
    nonce: u64,
}

impl Poller {
    /// Polls until the queue is empty.
    async fn drain(&mut self) -> Result<(), PollError> {
        while self.poll().await? {}
        // A canister that forgot the queue (it does after an interval without clients, or when it is
        // reinstalled) counts from 0 again, and has nothing at the old number. It is given time, as a query
        // may be answered by a node that lags behind.
        let grace = self.gateway.config.limits.open_message_timeout;
        if self.canister.misses_open_message(grace) && self.nonce > 0 {
            warn!(
                nonce = self.nonce,
                "an open message is missing: starting over"
            );
            self.nonce = 0;
        }
        Ok(())
    }

    /// Fetches and delivers the next messages. Gives back whether there are more.
    async fn poll(&mut self) -> Result<bool, PollError> {
        let gateway = &self.gateway;
        let arg = candid::encode_one(CanisterWsGetMessagesArguments { nonce: self.nonce })
            .map_err(PollError::Argument)?;
        let envelope = gateway.identity.sign(EnvelopeContent::Query {
            ingress_expiry: ingress_expiry(),
            sender: gateway.identity.principal(),
            canister_id: self.canister.id,
            method_name: "ws_get_messages".to_owned(),
            arg,
            nonce: None,
            sender_info: None,
        });
        let (started, started_at) = (Instant::now(), SystemTime::now());
        let reply = gateway.network.query(self.canister.id, envelope).await?;
        let reply = decode_get_messages_reply(&reply)
            .map_err(PollError::Malformed)?
            .map_err(PollError::Refused)?;
        gateway.metrics.poll_duration.observe(started.elapsed());
        gateway
            .metrics
            .polled(match (reply.messages.is_empty(), reply.is_end_of_queue) {
                (true, _) => PollResult::Idle,
                (false, true) => PollResult::Drained,
                (false, false) => PollResult::Full,
            });
        self.canister.polling.succeeded();
        let causes = &self.canister.causes;
        let span = gateway
            .traces
            .poll(started_at, causes, reply.messages.len());
        span.set_text("icws.canister", &self.canister.id);

        let before = self.nonce;
        let proof = Arc::new(Proof {
            certificate: reply.cert,
            witness: Witness::new(reply.tree),
        });
        for message in reply.messages {
            let Some(nonce) = number(&message.key, gateway.identity.principal()) else {
                warn!(key = message.key, "a message of another queue");
                continue;
            };
            if nonce < self.nonce {
                debug!(nonce, "a message of before");
                continue;
            }
            if self.nonce > 0 && nonce > self.nonce {
                warn!(expected = self.nonce, nonce, "messages are missing");
            }
            self.nonce = nonce.saturating_add(1);
            let delivery = gateway.traces.child("deliver", &span);
            delivery.set_text("icws.message", &message.key);
            match self.canister.deliver(message, &proof, delivery) {
                Handover::Delivered => {
                    gateway.metrics.messages_delivered.inc();
                }
                Handover::Dropped => {}
                // A queue that was begun anew, and has outgrown the old number already.
                Handover::FirstMissing => {
                    warn!(nonce, "a client's first message is missing: starting over");
                    self.nonce = 0;
                    return Ok(true);
                }
            }
        }
        // Without progress there is no reason to hurry, whatever the canister says.
        Ok(!reply.is_end_of_queue && self.nonce > before)
    }
}

/// The number of the message `key` in the queue of `gateway`.
fn number(key: &str, gateway: Principal) -> Option<u64> {
    let key: MessageKey = key.parse().ok()?;
    (key.gateway == gateway).then_some(key.nonce)
}
