//! Posts the calls of one client in the order they came, without that one waits for the execution of another.
//!
//! A call is posted where the network answers once it has executed it (`/api/v4/…/call`): this one request
//! tells the outcome, with its certificate, and when to poll. Requests in flight together may overtake each
//! other, and only the sender of a call may ask for its status. So before a call follows one that is still
//! undecided, the earlier one is posted once more where the network answers as soon as it has accepted it
//! (`/api/v2/…/call`). The network executes each request id once; the extra request is needed only by a
//! client that sends faster than the canister executes. This makes the order likely, not certain: on a subnet
//! of several nodes another one may make the next block before it has heard of an accepted call.

use std::sync::Arc;

use ic_ws_protocol::{CanisterWsMessageResult, CanisterWsOpenResult, ClientKey};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tracing::{Instrument, debug, info, warn};

use crate::{
    call::SignedCall,
    canisters::{Canister, Registration},
    close::CloseReason,
    decode::decode,
    gateway::Gateway,
    metrics::CallOutcome,
    network::NetworkError,
};

/// Where the calls of one client go.
#[derive(Clone)]
pub(crate) struct Relay {
    gateway: Arc<Gateway>,
    canister: Arc<Canister>,
    client: ClientKey,
    close: mpsc::Sender<CloseReason>,
}

enum Kind {
    Open,
    Message,
}

/// A call that was posted.
struct Posted {
    call: SignedCall,
    /// Closed by the sender once the call is decided.
    decided: oneshot::Receiver<()>,
}

impl Relay {
    pub(crate) fn new(gateway: Arc<Gateway>, registration: &Registration) -> Self {
        Self {
            gateway,
            canister: registration.canister.clone(),
            client: registration.client,
            close: registration.close.clone(),
        }
    }

    /// Posts `open`, then `calls` until there are no more, and ends when all are decided.
    pub(crate) async fn run(self, open: SignedCall, mut calls: mpsc::Receiver<Box<SignedCall>>) {
        let mut undecided = JoinSet::new();
        let mut last = self.post(&mut undecided, Kind::Open, open);
        while let Some(call) = calls.recv().await {
            self.accepted(last).await;
            while undecided.len() >= self.gateway.config.limits.max_pending_calls {
                undecided.join_next().await;
            }
            while undecided.try_join_next().is_some() {}
            last = self.post(&mut undecided, Kind::Message, *call);
        }
        while undecided.join_next().await.is_some() {}
    }

    /// Posts `call` in a task of its own.
    fn post(&self, undecided: &mut JoinSet<()>, kind: Kind, call: SignedCall) -> Posted {
        let (decided_sender, decided) = oneshot::channel();
        let posted = Posted {
            call: call.clone(),
            decided,
        };
        let relay = self.clone();
        let task = async move {
            let mut pending = relay.gateway.metrics.call_posted();
            let span = relay.gateway.traces.child("post call", &call.span);
            let reply = relay.gateway.network.call(&call).await;
            drop(decided_sender);
            relay.canister.causes.add(&span);
            relay.canister.changed.notify_one();
            pending.outcome = match kind {
                Kind::Open => relay.open_decided(reply),
                Kind::Message => relay.message_decided(reply),
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
        };
        undecided.spawn(task.in_current_span());
        posted
    }

    fn open_decided(&self, reply: Result<Vec<u8>, NetworkError>) -> CallOutcome {
        let outcome = outcome(&reply);
        let reason = match reply {
            Ok(reply) => match decode::<CanisterWsOpenResult>(&reply) {
                Ok(Ok(())) => {
                    info!("opened");
                    self.canister.opened(self.client);
                    return CallOutcome::Accepted;
                }
                Ok(Err(text)) => CloseReason::OpenRefused(text),
                Err(error) => CloseReason::OpenRefused(format!("its reply is malformed: {error}")),
            },
            Err(error) if error.is_refusal() => CloseReason::OpenRefused(error.to_string()),
            Err(error) => CloseReason::OpenUndecided(error),
        };
        // Where there is a reason already, the session is ending.
        self.close.try_send(reason).ok();
        outcome
    }

    /// What becomes of a refused message is between client and canister: the sequence numbers tell.
    fn message_decided(&self, reply: Result<Vec<u8>, NetworkError>) -> CallOutcome {
        let outcome = outcome(&reply);
        let refusal = match reply {
            Ok(reply) => match decode::<CanisterWsMessageResult>(&reply) {
                Ok(Ok(())) => return CallOutcome::Accepted,
                Ok(Err(text)) => text,
                Err(error) => format!("its reply is malformed: {error}"),
            },
            Err(error) => error.to_string(),
        };
        warn!(reason = refusal, "ws_message was refused");
        outcome
    }

    /// Waits until the network has accepted or decided `posted`.
    async fn accepted(&self, mut posted: Posted) {
        if posted.decided.try_recv() != Err(oneshot::error::TryRecvError::Empty) {
            return;
        }
        tokio::select! {
            _ = &mut posted.decided => {}
            result = self.gateway.network.submit(&posted.call) => {
                if let Err(error) = result {
                    debug!(%error, "not accepted");
                }
            }
        }
    }
}

/// Of a call that was not accepted.
fn outcome(reply: &Result<Vec<u8>, NetworkError>) -> CallOutcome {
    match reply {
        Err(error) if !error.is_refusal() => CallOutcome::Undecided,
        _ => CallOutcome::Refused,
    }
}
