//! Which clients are connected to which canisters. A canister is known, and polled, exactly as long as it has
//! clients.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use candid::Principal;
use ic_ws_protocol::{CanisterOutputMessage, ClientKey, WebsocketMessage};
use tokio::{
    sync::{Notify, Semaphore, mpsc},
    task::AbortHandle,
    time::Instant,
};

use crate::{
    close::CloseReason,
    delivery::{Delivery, Proof},
    gateway::Gateway,
    poller,
    status::Polling,
    traces::{Causes, Span},
};

/// All canisters that have clients.
#[derive(Debug, Default)]
pub(crate) struct Canisters(Mutex<HashMap<Principal, Polled>>);

#[derive(Debug)]
struct Polled {
    canister: Arc<Canister>,
    poller: AbortHandle,
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
}

#[derive(Debug)]
struct Client {
    /// Boxed, as the channel allocates room for many at once.
    outgoing: mpsc::Sender<Box<Delivery>>,
    /// The bytes that may wait beside those that do.
    room: Arc<Semaphore>,
    max_bytes: u32,
    closing: mpsc::Sender<CloseReason>,
    last_sequence: u64,
    /// Its first message was missing, and looked for from the queue's start.
    searched: bool,
    /// Nothing more can be delivered, as something is missing already.
    overflowed: bool,
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
    /// What the canister sends to the client.
    pub(crate) outgoing: mpsc::Receiver<Box<Delivery>>,
    /// Why others than the session itself want it to end.
    pub(crate) closing: mpsc::Receiver<CloseReason>,
    pub(crate) close: mpsc::Sender<CloseReason>,
}

impl Canisters {
    /// Makes `client` known, so that messages of the canister `id` find it.
    pub(crate) fn register(
        gateway: &Arc<Gateway>,
        id: Principal,
        client: ClientKey,
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
                let canister = Arc::new(Canister {
                    id,
                    changed: Notify::new(),
                    polling: Polling::default(),
                    causes: Causes::default(),
                    clients: Mutex::default(),
                });
                let poller = tokio::spawn(poller::run(gateway.clone(), canister.clone()));
                place.insert(Polled {
                    canister: canister.clone(),
                    poller: poller.abort_handle(),
                });
                canister
            }
        };
        let (outgoing_sender, outgoing) = mpsc::channel(limits.max_outgoing_messages);
        // One reason is enough: the first.
        let (close, closing) = mpsc::channel(1);
        match lock(&canister.clients).by_key.entry(client) {
            Entry::Occupied(_) => return Err(CloseReason::AlreadyConnected(client)),
            Entry::Vacant(place) => place.insert(Client {
                outgoing: outgoing_sender,
                room: Arc::new(Semaphore::new(limits.max_outgoing_bytes as usize)),
                max_bytes: limits.max_outgoing_bytes,
                closing: close.clone(),
                last_sequence: 0,
                searched: false,
                overflowed: false,
            }),
        };
        Ok(Registration {
            gateway: gateway.clone(),
            canister,
            client,
            outgoing,
            closing,
            close,
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
            .map(Client::waiting)
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
        proof: &Arc<Proof>,
        span: Span,
    ) -> Handover {
        let mut clients = lock(&self.clients);
        let Some(client) = clients.by_key.get_mut(&message.client_key) else {
            return Handover::Dropped;
        };
        if client.overflowed {
            return Handover::Dropped;
        }
        let mut timestamp = 0;
        if let Ok(content) = WebsocketMessage::from_cbor(&message.content) {
            if content.sequence_num <= client.last_sequence {
                return Handover::Dropped;
            }
            let skips_first = client.last_sequence == 0 && content.sequence_num > 1;
            if skips_first && !mem::replace(&mut client.searched, true) {
                return Handover::FirstMissing;
            }
            client.last_sequence = content.sequence_num;
            timestamp = content.timestamp;
        }
        client.enqueue(message, timestamp, proof, span)
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

impl Client {
    /// Lets a message wait for the client to read it; one that does not fit is the client's end.
    fn enqueue(
        &mut self,
        message: CanisterOutputMessage,
        timestamp: u64,
        proof: &Arc<Proof>,
        span: Span,
    ) -> Handover {
        let size = u32::try_from(message.content.len() + proof.size()).unwrap_or(u32::MAX);
        let room = self.room.clone();
        let sent = match room.try_acquire_many_owned(size.min(self.max_bytes)) {
            Ok(room) => self.outgoing.try_send(Box::new(Delivery {
                key: message.key,
                content: message.content,
                timestamp,
                span,
                proof: proof.clone(),
                _room: room,
            })),
            Err(_) => return self.overflow(),
        };
        match sent {
            Ok(()) => Handover::Delivered,
            Err(mpsc::error::TrySendError::Closed(_)) => Handover::Dropped,
            Err(mpsc::error::TrySendError::Full(_)) => self.overflow(),
        }
    }

    /// How many messages wait for the client, and how many bytes.
    fn waiting(&self) -> (usize, usize) {
        let bytes = (self.max_bytes as usize).saturating_sub(self.room.available_permits());
        (
            self.outgoing.max_capacity() - self.outgoing.capacity(),
            bytes,
        )
    }

    fn overflow(&mut self) -> Handover {
        self.overflowed = true;
        let (waiting, _) = self.waiting();
        self.closing.try_send(CloseReason::SlowClient(waiting)).ok();
        Handover::Dropped
    }
}

/// A panic while a lock was held leaves maps that are still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
