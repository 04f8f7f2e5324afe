//! Posts the calls of one client in the order they came, without that one waits for the execution of another.
//!
//! A call is posted where the network answers once it has executed it (`/api/v4/…/call`): this one request
//! tells the outcome, with its certificate, and when to poll. Requests in flight together may overtake each
//! other, and only the sender of a call may ask for its status. So before a call follows one that is still
//! undecided, the earlier one is posted once more where the network answers as soon as it has accepted it
//! (`/api/v2/…/call`). The network executes each request id once; the extra request is needed only by a
//! client that sends faster than the canister executes. This makes the order likely, not certain: on a subnet
//! of several nodes another one may make the next block before it has heard of an accepted call.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use ic_ws_protocol::{CanisterWsMessageResult, ClientKey, Receipt, ReceiptFrame};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::sleep,
};
use tracing::{Instrument, debug, info, warn};

use crate::{
    call::SignedCall,
    canisters::{Canister, Registration},
    close::CloseReason,
    decode::decode,
    delivery::{Content, Outbox},
    gateway::Gateway,
    metrics::CallOutcome,
    network::{Decision, NetworkError},
    quote::quote,
};

/// Where the calls of one client go.
#[derive(Clone)]
pub(crate) struct Relay {
    gateway: Arc<Gateway>,
    canister: Arc<Canister>,
    client: ClientKey,
    outbox: Arc<Outbox>,
    /// Whether the client gets receipts for its calls.
    receipts: bool,
    state: Arc<State>,
}

/// What has become of the calls.
#[derive(Default)]
struct State {
    open_refused: AtomicBool,
    /// One of the messages will never arrive, which is the connection's end.
    broken: AtomicBool,
}

enum Kind {
    Open,
    Message,
}

/// A call that was posted, or waits for its turn.
struct Posted {
    /// Gone once it is decided: it may be large.
    call: Weak<SignedCall>,
    /// Closed by the sender once the call is decided.
    decided: oneshot::Receiver<()>,
}

impl Relay {
    pub(crate) fn new(gateway: Arc<Gateway>, registration: &Registration, receipts: bool) -> Self {
        Self {
            gateway,
            canister: registration.canister.clone(),
            client: registration.client,
            outbox: registration.outbox.clone(),
            receipts,
            state: Arc::default(),
        }
    }

    /// Posts `open`, then `calls` until there are no more, and ends when all are decided. Gives back whether the
    /// canister may know the client.
    pub(crate) async fn run(
        self,
        open: Arc<SignedCall>,
        mut calls: mpsc::Receiver<Arc<SignedCall>>,
    ) -> bool {
        let mut undecided = JoinSet::new();
        let mut last = self.post(&mut undecided, Kind::Open, open);
        while let Some(call) = calls.recv().await {
            self.accepted(last).await;
            while undecided.len() >= self.gateway.config.limits.max_pending_calls {
                undecided.join_next().await;
            }
            while undecided.try_join_next().is_some() {}
            last = self.post(&mut undecided, Kind::Message, call);
        }
        while undecided.join_next().await.is_some() {}
        !self.state.open_refused.load(Ordering::Relaxed)
    }

    /// Posts `call`, once it is its turn, in a task of its own.
    fn post(&self, undecided: &mut JoinSet<()>, kind: Kind, call: Arc<SignedCall>) -> Posted {
        let (decided_sender, decided) = oneshot::channel();
        let posted = Posted {
            call: Arc::downgrade(&call),
            decided,
        };
        let relay = self.clone();
        let task = async move {
            let mut pending = relay.gateway.metrics.call_taken();
            let span = relay.gateway.traces.child("post call", &call.span);
            let result = relay.gateway.network.call(&call).await;
            drop(decided_sender);
            relay.canister.causes.add(&span);
            relay.canister.changed.notify_one();
            if relay.receipts {
                relay.send_receipt(&call, &result);
            }
            let refusal = refusal(result.and_then(Decision::into_reply));
            pending.outcome = match &refusal {
                None => CallOutcome::Accepted,
                Some(Refusal::Undecided(_)) => CallOutcome::Undecided,
                Some(_) => CallOutcome::Refused,
            };
            let errors = &relay.gateway.recent_errors;
            match pending.outcome {
                CallOutcome::Accepted => {}
                CallOutcome::Refused => errors.add("Call refused", Some(call.canister)),
                CallOutcome::Undecided => {
                    errors.add("Call not decided in time", Some(call.canister));
                }
            }
            span.set("icws.outcome", pending.outcome.name());
            span.end();
            match kind {
                Kind::Open => relay.open_decided(refusal),
                Kind::Message => relay.message_decided(refusal),
            }
        };
        undecided.spawn(task.in_current_span());
        posted
    }

    /// There is none for a call that is not decided.
    fn send_receipt(&self, call: &SignedCall, result: &Result<Decision, NetworkError>) {
        let receipt = match result {
            Ok(decision) => Some(Receipt::Certificate(decision.certificate.clone())),
            Err(error) => error.rejection().map(Receipt::Rejection),
        };
        if let Some(receipt) = receipt {
            self.gateway.metrics.receipt(&receipt);
            self.outbox.put(Content::Receipt(ReceiptFrame {
                request_id: call.request_id,
                receipt,
            }));
        }
    }

    fn open_decided(&self, refusal: Option<Refusal>) {
        let reason = match refusal {
            None => {
                info!("opened");
                return self.canister.opened(self.client);
            }
            Some(Refusal::ByCanister(text) | Refusal::ByNetwork(text)) => {
                self.state.open_refused.store(true, Ordering::Relaxed);
                CloseReason::OpenRefused(text)
            }
            Some(Refusal::ForNow(text) | Refusal::Undecided(text)) => {
                CloseReason::OpenUndecided(text)
            }
        };
        self.close(reason);
    }

    /// A message that will never be accepted leaves a gap before all that follow it. A client with receipts knows which
    /// one it is; any other one would wait for minutes for an acknowledgement, and is closed so that it can start anew.
    fn message_decided(&self, refusal: Option<Refusal>) {
        let Some(refusal) = refusal else {
            return;
        };
        let is_told = self.receipts && !matches!(refusal, Refusal::Undecided(_));
        if is_told || self.state.broken.swap(true, Ordering::Relaxed) {
            return debug!(?refusal, "ws_message");
        }
        warn!(?refusal, "ws_message");
        match refusal {
            Refusal::ByCanister(text) => self.close_after_canister(text),
            Refusal::ByNetwork(text) | Refusal::ForNow(text) => {
                self.close(CloseReason::MessageRefused(text));
            }
            Refusal::Undecided(text) => self.close(CloseReason::MessageUndecided(text)),
        }
    }

    /// Ends the session once the client has read what waits for it.
    fn close(&self, reason: CloseReason) {
        self.outbox.put(Content::Close(reason));
    }

    /// The canister's own close message says best why it refused one; but a canister that does not know the connection
    /// has none to send.
    fn close_after_canister(&self, text: String) {
        let relay = self.clone();
        let task = async move {
            tokio::select! {
                () = sleep(relay.gateway.config.limits.close_message_timeout) => {
                    relay.close(CloseReason::MessageRefused(text));
                }
                () = relay.outbox.closed() => {}
            }
        };
        tokio::spawn(task.in_current_span());
    }

    /// Waits until the network has accepted or decided `posted`.
    async fn accepted(&self, mut posted: Posted) {
        let Some(call) = posted.call.upgrade() else {
            return;
        };
        tokio::select! {
            _ = &mut posted.decided => {}
            result = self.gateway.network.submit(&call) => {
                if let Err(error) = result {
                    debug!(%error, "not accepted");
                }
            }
        }
    }
}

/// Why a call was not accepted.
#[derive(Debug)]
enum Refusal {
    /// The canister executed it, and said no.
    ByCanister(String),
    /// It was not executed.
    ByNetwork(String),
    /// It was not executed, for a reason that passes.
    ForNow(String),
    /// Nobody knows whether it was executed, or will be.
    Undecided(String),
}

/// Why the call that had this reply was refused, if it was.
fn refusal(reply: Result<Vec<u8>, NetworkError>) -> Option<Refusal> {
    match reply {
        Ok(reply) => match decode::<CanisterWsMessageResult>(&reply) {
            Ok(Ok(())) => None,
            Ok(Err(text)) => Some(Refusal::ByCanister(quote(&text).to_owned())),
            Err(error) => Some(Refusal::ByCanister(format!(
                "its reply is malformed: {error}"
            ))),
        },
        Err(error) if error.rejection().is_none() => Some(Refusal::Undecided(error.to_string())),
        Err(error) if error.is_transient() => Some(Refusal::ForNow(error.to_string())),
        Err(error) => Some(Refusal::ByNetwork(error.to_string())),
    }
}
