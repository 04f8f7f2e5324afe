//! The gateways and their queues of messages that wait to be fetched, each certified as long as it waits.
//!
//! No operation costs more for what else is queued than the logarithm of it, or is paid for by the messages it removes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use candid::Principal;
use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{CanisterOutputMessage, ClientKey, MessageKey, cbor::CborError};
use sha2::{Digest, Sha256};

use crate::{
    certification::MessageTree,
    storage::{GatewayRecord, GatewayRecords, Messages, QueuedMessage, message_id, message_key},
    timing::Timing,
};

/// How many messages are dropped together at most.
const DROPPED_AT_ONCE: usize = 1000;

/// What a message takes in a page beside its content: its names and its part of the witness, about.
const PAGE_BYTES_PER_MESSAGE: usize = 512;

/// The next messages of one queue.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub messages: Vec<CanisterOutputMessage>,
    /// The CBOR hash tree that proves `messages`; empty if there are none.
    pub witness: Vec<u8>,
    pub is_end_of_queue: bool,
}

/// How much a [`Page`] may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageLimit {
    pub messages: usize,
    /// Of content in all. One message is returned whatever its size.
    pub bytes: usize,
}

/// What waits in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub messages: usize,
    /// Of content.
    pub bytes: usize,
}

/// What is not stable is made again from the rest when the canister starts.
pub(crate) struct Queues<M: Memory> {
    timing: Timing,
    records: GatewayRecords<M>,
    messages: Messages<M>,
    tree: MessageTree,
    gateways: BTreeMap<Principal, Gateway>,
    /// Of each client that anything waits for.
    loads: HashMap<ClientKey, Load>,
    bytes: usize,
    /// When something is to be dropped of which gateway.
    deadlines: BTreeSet<(u64, Principal)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gateway {
    record: GatewayRecord,
    /// When its oldest message was queued, if there is any.
    oldest: Option<u64>,
}

impl Gateway {
    fn deadline(&self, timing: &Timing) -> Option<u64> {
        match self.oldest {
            Some(timestamp) => Some(timing.expiry(timestamp)),
            None => timing.desertion(&self.record),
        }
    }
}

impl<M: Memory> Queues<M> {
    /// Takes up the queues as `gateways` and `messages` hold them.
    pub fn new(gateways: M, messages: M, timing: Timing) -> Self {
        let mut queues = Self {
            timing,
            records: GatewayRecords::init(gateways),
            messages: Messages::init(messages),
            tree: MessageTree::default(),
            gateways: BTreeMap::new(),
            loads: HashMap::new(),
            bytes: 0,
            deadlines: BTreeSet::new(),
        };
        for entry in queues.records.iter() {
            let (gateway, record) = entry.into_pair();
            let oldest = None;
            queues.gateways.insert(gateway, Gateway { record, oldest });
        }
        for entry in queues.messages.iter() {
            let (id, message) = entry.into_pair();
            let key = message_key(id);
            let gateway = queues.gateways.entry(key.gateway).or_default();
            gateway.oldest.get_or_insert(message.timestamp);
            gateway.record.next = key.nonce + 1;
            let hash = Sha256::digest(&message.content).into();
            queues.tree.push(key, hash);
            let load = queues.loads.entry(message.client_key).or_default();
            load.add(message.content.len());
            queues.bytes += message.content.len();
        }
        for (principal, gateway) in &queues.gateways {
            let deadline = gateway.deadline(&timing);
            queues.deadlines.extend(deadline.map(|at| (at, *principal)));
        }
        queues
    }

    /// Computes what the canister must certify.
    pub fn certify(&mut self) -> Hash {
        self.tree.certify()
    }

    /// How many gateways have clients, or messages left.
    pub fn gateways(&self) -> usize {
        self.gateways.len()
    }

    /// Whether anything was queued for `gateway` that is not forgotten yet.
    pub fn knows(&self, gateway: Principal) -> bool {
        self.gateways.contains_key(&gateway)
    }

    /// How many clients are connected through `gateway`.
    pub fn clients(&self, gateway: Principal) -> u64 {
        self.gateways
            .get(&gateway)
            .map_or(0, |gateway| gateway.record.clients)
    }

    /// What waits for one client.
    pub fn load(&self, client: &ClientKey) -> Load {
        self.loads.get(client).copied().unwrap_or_default()
    }

    /// What waits in all queues.
    pub fn total_load(&self) -> Load {
        Load {
            messages: usize::try_from(self.messages.len()).unwrap_or(usize::MAX),
            bytes: self.bytes,
        }
    }

    /// A client has connected through `gateway`.
    pub fn add_client(&mut self, gateway: Principal) {
        let record = self.change(gateway, |gateway| gateway.record.clients += 1);
        self.records.insert(gateway, record);
    }

    /// A client of `gateway` has gone.
    pub fn remove_client(&mut self, gateway: Principal, now: u64) {
        let record = self.change(gateway, |Gateway { record, .. }| {
            record.clients = record.clients.saturating_sub(1);
            record.deserted_at = now;
        });
        self.records.insert(gateway, record);
    }

    /// Queues `message` for `gateway`, given the hash of its content.
    pub fn push(&mut self, gateway: Principal, message: QueuedMessage, hash: Hash) {
        let record = self.change(gateway, |gateway| {
            gateway.oldest.get_or_insert(message.timestamp);
            gateway.record.next += 1;
        });
        let key = MessageKey {
            gateway,
            nonce: record.next - 1,
        };
        self.tree.push(key, hash);
        self.bytes += message.content.len();
        let load = self.loads.entry(message.client_key).or_default();
        load.add(message.content.len());
        self.messages.insert(message_id(key), message);
    }

    /// The messages of `gateway` from `nonce` on.
    pub fn page(
        &self,
        gateway: Principal,
        nonce: u64,
        limit: PageLimit,
    ) -> Result<Page, CborError> {
        let mut page = Page {
            is_end_of_queue: true,
            ..Page::default()
        };
        let Some(end) = self.gateways.get(&gateway).map(|known| known.record.next) else {
            return Ok(page);
        };
        let waiting = self
            .messages
            .range((gateway, nonce)..(gateway, end.max(nonce)))
            .take(limit.messages);
        let (mut nonces, mut bytes) = (nonce..end, 0);
        for entry in waiting {
            let (id, message) = entry.into_pair();
            bytes += message.content.len() + PAGE_BYTES_PER_MESSAGE;
            if bytes > limit.bytes && !page.messages.is_empty() {
                break;
            }
            let key = message_key(id);
            if page.messages.is_empty() {
                nonces.start = key.nonce;
            }
            nonces.end = key.nonce + 1;
            page.messages.push(CanisterOutputMessage {
                client_key: message.client_key,
                key: self.tree.label(key),
                content: message.content,
            });
        }
        if !page.messages.is_empty() {
            page.is_end_of_queue = nonces.end == end;
            page.witness = self.tree.witness(gateway, nonces)?;
        }
        Ok(page)
    }

    /// When something is to be dropped first, and of which gateway.
    pub fn first_deadline(&self) -> Option<(u64, Principal)> {
        self.deadlines.first().copied()
    }

    /// Drops some of a gateway's messages that have waited for long enough. One that nothing is left of is forgotten.
    ///
    /// A gateway with clients is never left without messages: each client is acknowledged to no later than what it was
    /// sent before expires, and clients are attended to before queues. So after an upgrade, the queue goes on from its
    /// last message; the number that is stored may be an old one.
    pub fn drop_expired(&mut self, gateway: Principal, now: u64) {
        let (first, last) = ((gateway, 0), (gateway, u64::MAX));
        let mut oldest = None;
        let mut expired = Vec::new();
        for entry in self.messages.range(first..=last) {
            let timestamp = entry.value().timestamp;
            if self.timing.expiry(timestamp) > now || expired.len() == DROPPED_AT_ONCE {
                oldest = Some(timestamp);
                break;
            }
            expired.push(message_key(*entry.key()));
        }
        for key in &expired {
            self.remove(*key);
        }
        if let Some(last) = expired.last() {
            self.tree.remove_before(MessageKey {
                gateway,
                nonce: last.nonce + 1,
            });
        }

        let record = self.change(gateway, |gateway| gateway.oldest = oldest);
        let deserted = self.timing.desertion(&record);
        if oldest.is_none() && deserted.is_some_and(|at| at <= now) {
            self.forget(gateway);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.records.clear_new();
        self.messages.clear_new();
        self.tree = MessageTree::default();
        self.gateways.clear();
        self.loads.clear();
        self.bytes = 0;
        self.deadlines.clear();
    }

    /// Changes what is known of a gateway, and with it when it needs attention.
    fn change(&mut self, principal: Principal, change: impl FnOnce(&mut Gateway)) -> GatewayRecord {
        let gateway = self.gateways.entry(principal).or_default();
        let before = gateway.deadline(&self.timing);
        change(gateway);
        let after = gateway.deadline(&self.timing);
        if before != after {
            if let Some(before) = before {
                self.deadlines.remove(&(before, principal));
            }
            self.deadlines.extend(after.map(|at| (at, principal)));
        }
        gateway.record
    }

    fn remove(&mut self, key: MessageKey) {
        let Some(message) = self.messages.remove(&message_id(key)) else {
            return;
        };
        self.bytes -= message.content.len();
        if let Some(load) = self.loads.get_mut(&message.client_key) {
            load.subtract(message.content.len());
            if load.messages == 0 {
                self.loads.remove(&message.client_key);
            }
        }
    }

    fn forget(&mut self, principal: Principal) {
        if let Some(gateway) = self.gateways.remove(&principal) {
            let deadline = gateway.deadline(&self.timing);
            deadline.map(|at| self.deadlines.remove(&(at, principal)));
        }
        self.records.remove(&principal);
        self.tree.forget(principal);
    }
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes;
    }

    fn subtract(&mut self, bytes: usize) {
        self.messages -= 1;
        self.bytes -= bytes;
    }
}
