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
use ic_ws_protocol::{
    CanisterOutputCertifiedMessages, CanisterWsGetMessagesArguments, MessageKey,
    decode_get_messages_reply,
};
use thiserror::Error;
use tokio::{task::yield_now, time::sleep};
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    canisters::{Canister, Handover},
    delivery::Proof,
    gateway::Gateway,
    identity::ingress_expiry,
    metrics::PollResult,
    network::NetworkError,
    queue::{Mark, Queue, Reading},
    schedule::{Polled, Schedule},
    witness::Witness,
};

/// Messages that are handed out before other tasks have their turn.
const MESSAGES_AT_ONCE: usize = 256;

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
    let config = &gateway.config;
    let mut schedule = Schedule::new(config.polling_interval, config.max_polling_interval);
    let mut poller = Poller {
        gateway: gateway.clone(),
        canister,
        queue: Queue::default(),
    };
    async {
        info!("polling");
        loop {
            let polled = poller.drain().await;
            let pause = schedule.pause_after(polled, chance());
            tokio::select! {
                () = poller.canister.changed.notified() => schedule.hurry(),
                () = sleep(pause) => {}
            }
        }
    }
    .instrument(span)
    .await;
}

/// A random number from 0 to 1. Without a source of them, canisters are polled a little less evenly.
fn chance() -> f64 {
    getrandom::u32().map_or(0.0, |number| f64::from(number) / f64::from(u32::MAX))
}

struct Poller {
    gateway: Arc<Gateway>,
    canister: Arc<Canister>,
    queue: Queue,
}

impl Poller {
    /// Polls until the queue is empty.
    async fn drain(&mut self) -> Polled {
        let before = self.queue.next();
        let drained = async {
            while self.poll().await? {}
            if self.last_is_gone().await? {
                warn!("what was read last is gone: starting over");
                self.start_over();
                while self.poll().await? {}
            }
            Ok::<_, PollError>(())
        };
        if let Err(error) = drained.await {
            self.failed(&error);
            return Polled::Failed;
        }
        let found = self.queue.next() != before;
        self.check_queue();
        match found {
            true => Polled::Messages,
            false => Polled::Nothing,
        }
    }

    fn failed(&self, error: &PollError) {
        self.gateway.metrics.polled(PollResult::Failed);
        let text = format!("Cannot poll: {error}");
        let errors = &self.gateway.recent_errors;
        errors.add(text, Some(self.canister.id));
        let error = error.to_string();
        let polling = &self.canister.polling;
        let failing_for = polling.failed(error.clone(), Instant::now());
        match failing_for.is_zero() {
            true => warn!(%error, "cannot poll"),
            false => debug!(%error, "still cannot poll"),
        }
        // Clients that wait for the canister's messages in vain are told so, and may try again.
        if failing_for >= self.gateway.config.limits.canister_timeout {
            warn!(?failing_for, "the canister is unavailable");
            self.canister.is_unavailable(&error);
        }
    }

    /// At the end of the queue: whether it is still the same one.
    fn check_queue(&mut self) {
        // A node that lags behind may answer, so messages that must be there are given some time to appear.
        let lag = self.gateway.config.limits.open_message_timeout;
        if self.queue.is_new_at_end(lag, Instant::now()) {
            self.has_new_queue();
        }
        if self.canister.misses_open_message(lag) && self.queue.next() > 0 {
            warn!("an open message is missing: starting over");
            self.start_over();
        }
    }

    fn start_over(&mut self) {
        if self.queue.start_over() {
            self.canister.may_have_new_queue();
        }
    }

    fn has_new_queue(&self) {
        warn!("the canister has begun a new queue");
        self.canister.has_new_queue();
    }

    /// Whether another message, or none, is where the last one was read. It is looked for when nothing came for long:
    /// clients that only read would not notice that the canister has begun anew.
    async fn last_is_gone(&mut self) -> Result<bool, PollError> {
        let interval = self.gateway.config.limits.queue_check_interval;
        let Some(unseen) = self.queue.unseen(interval, Instant::now()) else {
            return Ok(false);
        };
        let reply = self.fetch(unseen).await?;
        let this = self.gateway.identity.principal();
        let seen = reply.messages.first().and_then(|message| {
            let number = number(&message.key, this)?;
            Some(Mark::new(number, &message.content, Instant::now()))
        });
        Ok(!seen.is_some_and(|seen| self.queue.recognise(seen)))
    }

    /// Fetches messages from the one numbered `nonce` on.
    async fn fetch(&self, nonce: u64) -> Result<CanisterOutputCertifiedMessages, PollError> {
        let gateway = &self.gateway;
        let arg = candid::encode_one(CanisterWsGetMessagesArguments { nonce })
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
        let started = Instant::now();
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
        if self.canister.polling.succeeded(Instant::now()) {
            info!("polls succeed again");
        }
        Ok(reply)
    }

    /// Fetches and delivers the next messages. Gives back whether there are more.
    async fn poll(&mut self) -> Result<bool, PollError> {
        let started_at = SystemTime::now();
        let reply = self.fetch(self.queue.next()).await?;
        let gateway = &self.gateway;
        let causes = &self.canister.causes;
        let span = gateway
            .traces
            .poll(started_at, causes, reply.messages.len());
        span.set_text("icws.canister", &self.canister.id);

        let before = self.queue.next();
        let proof = Proof {
            certificate: reply.cert.into(),
            witness: Witness::new(reply.tree),
        };
        for (n, message) in reply.messages.into_iter().enumerate() {
            if n % MESSAGES_AT_ONCE == MESSAGES_AT_ONCE - 1 {
                yield_now().await;
            }
            let Some(number) = number(&message.key, gateway.identity.principal()) else {
                warn!(key = message.key, "a message of another queue");
                continue;
            };
            if number < self.queue.next() {
                debug!(number, "a message of before");
                continue;
            }
            let read = Mark::new(number, &message.content, Instant::now());
            let delivery = gateway.traces.child("deliver", &span);
            delivery.set_text("icws.message", &message.key);
            match self.canister.deliver(message, &proof, delivery) {
                Handover::Delivered => {
                    gateway.metrics.messages_delivered.inc();
                }
                Handover::Dropped => {}
                // A queue that was begun anew, and has outgrown the old number already.
                Handover::FirstMissing => {
                    warn!(number, "a client's first message is missing: starting over");
                    self.start_over();
                    return Ok(true);
                }
            }
            match self.queue.advance(read) {
                Reading::Next => {}
                Reading::Gap { expected } => warn!(expected, number, "messages are missing"),
                Reading::NewQueue => self.has_new_queue(),
            }
        }
        // Without progress there is no reason to hurry, whatever the canister says.
        Ok(!reply.is_end_of_queue && self.queue.next() > before)
    }
}

/// The number of the message `key` in the queue of `gateway`.
fn number(key: &str, gateway: Principal) -> Option<u64> {
    let key: MessageKey = key.parse().ok()?;
    (key.gateway == gateway).then_some(key.nonce)
}
