//! Which clients are connected to which canisters. A canister is known, and polled, exactly as long as it has
//! clients.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use candid::Principal;
use ic_ws_protocol::{CanisterOutputMessage, ClientKey, cbor};
use serde::Deserialize;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::Instant,
};

use crate::{
    addresses::Allowance,
    close::CloseReason,
    delivery::{Content, Inbox, Outbox, Proof, ProvenMessage},
    gateway::Gateway,
    poller,
    status::Polling,
    traces::{Causes, Span},
    turns::Turns,
};

/// All canisters that have clients.
#[derive(Debug, Default)]
pub(crate) struct Canisters(Mutex<HashMap<Principal, Polled>>);

#[derive(Debug)]
struct Polled {
    canister: Arc<Canister>,
    poller: AbortHandle,
    /// Of the address whose client came first.
    _permit: OwnedSemaphorePermit,
}

/// A canister and its clients.
#[derive(Debug)]
pub(crate) struct Canister {
    pub(crate) id: Principal,
    /// Something may have happened in the canister: it is worth a poll.
    pub(crate) changed: Notify,
    pub(crate) polling: Polling,
    /// What the next poll follows.
    pub(crate) causes: Causes,
    /// Of clients' calls to it.
    pub(crate) turns: Arc<Turns>,
    /// Calls of `ws_close` that may be on their way to it beside those that are.
    pub(crate) closes: Semaphore,
    clients: Mutex<Clients>,
}

/// How a canister and its clients are doing.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) id: Principal,
    pub(crate) clients: usize,
    /// The messages that wait for clients to read them, and their bytes with what proves them.
    pub(crate) outgoing_messages: usize,
    pub(crate) outgoing_bytes: usize,
    pub(crate) since_poll: Option<Duration>,
    pub(crate) poll_error: Option<String>,
}

#[derive(Debug, Default)]
struct Clients {
    by_key: HashMap<ClientKey, Client>,
    /// Whose `ws_open` succeeded lately, and when, in the order of time.
    opened: VecDeque<(ClientKey, Instant)>,
    /// Counts the queues that the canister may have begun.
    queue: u64,
}

#[derive(Debug)]
struct Client {
    outbox: Arc<Outbox>,
    last_sequence: u64,
    /// The queue that its first message was in.
    queue: u64,
    /// Its first message was missing, and looked for from the queue's start.
    searched: bool,
}

/// As much of a `WebsocketMessage` as a gateway needs; the rest is not copied.
#[derive(Deserialize)]
struct Numbered {
    sequence_num: u64,
    timestamp: u64,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handover {
    Delivered,
    /// There is no client to take it, or it has it already.
    Dropped,
    /// Kept from its client, which has yet to get an earlier one: the queue is not the one that was read so far.
    FirstMissing,
}

/// A session's place among the clients of a canister, given up when dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    gateway: Arc<Gateway>,
    pub(crate) canister: Arc<Canister>,
    pub(crate) client: ClientKey,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) inbox: Inbox,
}

impl Canisters {
    /// Makes `client` known, so that messages of the canister `id` find it. If that is not polled yet, `allowance` must
    /// have room for it.
    pub(crate) fn register(
        gateway: &Arc<Gateway>,
        id: Principal,
        client: ClientKey,
        allowance: &Allowance,
    ) -> Result<Registration, CloseReason> {
        let limits = &gateway.config.limits;
        let mut canisters = lock(&gateway.canisters.0);
        let known = canisters.len();
        let canister = match canisters.entry(id) {
            Entry::Occupied(polled) => polled.into_mut().canister.clone(),
            Entry::Vacant(_) if known >= limits.max_canisters => {
                return Err(CloseReason::TooManyCanisters(known));
            }
            Entry::Vacant(place) => {
                let permit = allowance.canisters.clone().try_acquire_owned();
                let permit = permit.map_err(|_| {
                    CloseReason::TooManyCanistersOfAddress(limits.max_canisters_per_address)
                })?;
                let canister = Arc::new(Canister {
                    id,
                    changed: Notify::new(),
                    polling: Polling::default(),
                    causes: Causes::default(),
                    turns: Arc::new(Turns::new("to a canister", limits.max_calls_per_canister)),
                    closes: Semaphore::new(limits.max_pending_closes),
                    clients: Mutex::default(),
                });
                let poller = tokio::spawn(poller::run(gateway.clone(), canister.clone()));
                place.insert(Polled {
                    canister: canister.clone(),
                    poller: poller.abort_handle(),
                    _permit: permit,
                });
                canister
            }
        };
        let of_address = &allowance.memory.outgoing;
        let memory = of_address.of_client(limits.max_outgoing_bytes);
        let (outbox, inbox) = Outbox::new(limits.max_outgoing_messages, memory);
        let outbox = Arc::new(outbox);
        match lock(&canister.clients).by_key.entry(client) {
            Entry::Occupied(_) => return Err(CloseReason::AlreadyConnected(client)),
            Entry::Vacant(place) => place.insert(Client {
                outbox: outbox.clone(),
                last_sequence: 0,
                queue: 0,
                searched: false,
            }),
        };
        Ok(Registration {
            gateway: gateway.clone(),
            canister,
            client,
            outbox,
            inbox,
        })
    }

    /// Each canister, in no order.
    pub(crate) fn summary(&self) -> Vec<Summary> {
        let canisters: Vec<_> = lock(&self.0)
            .values()
            .map(|polled| polled.canister.clone())
            .collect();
        canisters
            .iter()
            .map(|canister| canister.summary())
            .collect()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut canisters = lock(&self.gateway.canisters.0);
        let mut clients = lock(&self.canister.clients);
        clients.by_key.remove(&self.client);
        if clients.by_key.is_empty()
            && let Some(polled) = canisters.remove(&self.canister.id)
        {
            polled.poller.abort();
        }
    }
}

impl Canister {
    fn summary(&self) -> Summary {
        let clients = lock(&self.clients);
        let (outgoing_messages, outgoing_bytes) = clients
            .by_key
            .values()
            .map(|client| client.outbox.waiting())
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Summary {
            id: self.id,
            clients: clients.by_key.len(),
            outgoing_messages,
            outgoing_bytes,
            since_poll: self.polling.since_success(),
            poll_error: self.polling.error(),
        }
    }

    /// Hands a message to its client.
    ///
    /// A client gets each message once, also when the poller has to start over: what it has seen of its
    /// sequence is not repeated. A client whose first message is missing says so once; if that is not to be
    /// found, the client gets what there is, and is the judge of it.
    pub(crate) fn deliver(
        &self,
        message: CanisterOutputMessage,
        proof: &Proof,
        span: Span,
    ) -> Handover {
        let mut clients = lock(&self.clients);
        let queue = clients.queue;
        let Some(client) = clients.by_key.get_mut(&message.client_key) else {
            return Handover::Dropped;
        };
        if !client.outbox.is_open() {
            return Handover::Dropped;
        }
        let mut timestamp = 0;
        if let Ok(content) = cbor::from_slice::<Numbered>(&message.content) {
            if content.sequence_num <= client.last_sequence {
                return Handover::Dropped;
            }
            let is_first = client.last_sequence == 0;
            let skips_first = is_first && content.sequence_num > 1;
            if skips_first && !mem::replace(&mut client.searched, true) {
                return Handover::FirstMissing;
            }
            if is_first {
                client.queue = queue;
            }
            client.last_sequence = content.sequence_num;
            timestamp = content.timestamp;
        }
        let outbox = client.outbox.clone();
        drop(clients);
        let delivered = outbox.put(Content::Message(ProvenMessage {
            tree: proof.witness.for_key(&message.key),
            key: message.key,
            content: message.content,
            timestamp,
            span,
            certificate: proof.certificate.clone(),
        }));
        match delivered {
            true => Handover::Delivered,
            false => Handover::Dropped,
        }
    }

    /// The queue is read from its start, as it may be another one: from here on, clients are told apart from those that
    /// have got messages before.
    pub(crate) fn may_have_new_queue(&self) {
        lock(&self.clients).queue += 1;
    }

    /// The canister has begun a new queue, and knows none of those any more that got messages from the old one.
    pub(crate) fn has_new_queue(&self) {
        let clients = lock(&self.clients);
        for client in clients.by_key.values() {
            if client.last_sequence > 0 && client.queue < clients.queue {
                client.outbox.close(CloseReason::Forgotten(self.id));
            }
        }
    }

    /// Nothing can be said about the canister's messages: all its clients are told so, and may try again.
    pub(crate) fn is_unavailable(&self, error: &str) {
        for client in lock(&self.clients).by_key.values() {
            client.outbox.close(CloseReason::CanisterUnavailable {
                canister: self.id,
                error: error.to_owned(),
            });
        }
    }

    /// The canister has said yes to the client's `ws_open`.
    pub(crate) fn opened(&self, client: ClientKey) {
        lock(&self.clients)
            .opened
            .push_back((client, Instant::now()));
    }

    /// Whether nothing has come for a client whose `ws_open` succeeded more than `grace` ago. Says so once for
    /// each client.
    pub(crate) fn misses_open_message(&self, grace: Duration) -> bool {
        let mut clients = lock(&self.clients);
        let mut misses = false;
        while let Some((client, at)) = clients.opened.front().copied()
            && at.elapsed() > grace
        {
            clients.opened.pop_front();
            misses |= clients
                .by_key
                .get(&client)
                .is_some_and(|client| client.last_sequence == 0);
        }
        misses
    }
}

/// A panic while a lock was held leaves maps that are still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
