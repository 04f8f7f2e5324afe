//! The gateways and their queues of messages that wait to be fetched, each certified as long as it waits.
//!
//! No operation costs more for what else is queued than the logarithm of it, or is paid for by the messages it removes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    ops::Range,
};

use candid::Principal;
use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{CanisterOutputMessage, ClientKey, MessageKey, cbor::CborError};

use crate::{
    certification::MessageTree,
    storage::{GatewayRecord, GatewayRecords, MessageLog, QueuedMessage},
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
    /// All queues, in the order in which their messages were queued, and so expire.
    log: MessageLog<M>,
    tree: MessageTree,
    gateways: BTreeMap<Principal, Gateway>,
    /// Of each client that anything waits for.
    loads: HashMap<ClientKey, Load>,
    total: Load,
    /// When the first message of the log was queued, if there is any.
    oldest: Option<u64>,
    /// When which of the gateways without clients is forgotten.
    desertions: BTreeSet<(u64, Principal)>,
}

#[derive(Debug, Default)]
struct Gateway {
    record: GatewayRecord,
    /// Where in the log its messages are: those with the last nonces before the next.
    positions: VecDeque<u64>,
}

impl Gateway {
    /// The nonces of its messages.
    fn nonces(&self) -> Range<u64> {
        let end = self.record.next;
        end - self.positions.len() as u64..end
    }
}

impl<M: Memory> Queues<M> {
    /// Takes up the queues as `gateways` and `messages` hold them.
    pub fn new(gateways: M, messages: M, timing: Timing) -> Self {
        let mut queues = Self {
            timing,
            records: GatewayRecords::init(gateways),
            log: MessageLog::init(messages),
            tree: MessageTree::default(),
            gateways: BTreeMap::new(),
            loads: HashMap::new(),
            total: Load::default(),
            oldest: None,
            desertions: BTreeSet::new(),
        };
        for entry in queues.records.iter() {
            let (principal, record) = entry.into_pair();
            let desertion = timing.desertion(&record);
            queues
                .desertions
                .extend(desertion.map(|at| (at, principal)));
            let positions = VecDeque::new();
            queues
                .gateways
                .insert(principal, Gateway { record, positions });
        }
        for (position, message) in queues.log.iter() {
            let MessageKey { gateway, nonce } = message.key;
            let gateway = queues.gateways.entry(gateway).or_default();
            gateway.record.next = nonce + 1;
            gateway.positions.push_back(position);
            queues.tree.push(message.key, message.hash);
            queues.oldest.get_or_insert(message.timestamp);
            queues.total.add(message.bytes);
            let load = queues.loads.entry(message.client_key).or_default();
            load.add(message.bytes);
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
        self.total
    }

    /// A client has connected through `gateway`.
    pub fn add_client(&mut self, gateway: Principal) {
        self.change(gateway, |record| record.clients += 1);
    }

    /// A client of `gateway` has gone.
    pub fn remove_client(&mut self, gateway: Principal, now: u64) {
        self.change(gateway, |record| {
            record.clients = record.clients.saturating_sub(1);
            record.deserted_at = now;
        });
    }

    /// Queues a message for `gateway` to deliver to `client_key`, given its content and the hash of that.
    pub fn push(
        &mut self,
        gateway: Principal,
        client_key: &ClientKey,
        timestamp: u64,
        content: &[u8],
        hash: Hash,
    ) {
        let queue = self.gateways.entry(gateway).or_default();
        let nonce = queue.record.next;
        let message = QueuedMessage {
            key: MessageKey { gateway, nonce },
            client_key: *client_key,
            timestamp,
            hash,
            bytes: content.len(),
        };
        queue.record.next += 1;
        queue.positions.push_back(self.log.push(&message, content));
        self.tree.push(message.key, hash);
        self.oldest.get_or_insert(timestamp);
        self.total.add(message.bytes);
        let load = self.loads.entry(*client_key).or_default();
        load.add(message.bytes);
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
        let Some(queue) = self.gateways.get(&gateway) else {
            return Ok(page);
        };
        let Range { start, end } = queue.nonces();
        let first = nonce.clamp(start, end);
        // A nonce within the queue, and so its distance from the start, counts what is on the heap.
        let positions = queue.positions.range((first - start) as usize..);
        let (mut nonces, mut bytes) = (first..first, 0);
        for &position in positions.take(limit.messages) {
            let message = self.log.get(position);
            bytes += message.bytes + PAGE_BYTES_PER_MESSAGE;
            if bytes > limit.bytes && !page.messages.is_empty() {
                break;
            }
            nonces.end += 1;
            page.messages.push(CanisterOutputMessage {
                client_key: message.client_key,
                key: self.tree.label(message.key),
                content: self.log.content(position, &message),
            });
        }
        if !page.messages.is_empty() {
            page.is_end_of_queue = nonces.end == end;
            page.witness = self.tree.witness(gateway, nonces)?;
        }
        Ok(page)
    }

    /// When something is to be dropped first.
    pub fn deadline(&self) -> Option<u64> {
        let desertion = self.desertions.first().map(|(at, _)| *at);
        let expiry = self.oldest.map(|oldest| self.timing.expiry(oldest));
        desertion.into_iter().chain(expiry).min()
    }

    /// Drops some of the messages that have waited for long enough. Once there are none, a gateway that nothing is left
    /// of is forgotten.
    ///
    /// A gateway with clients is never left without messages: each client is acknowledged to no later than what it was
    /// sent before expires, and clients are attended to before queues. So after an upgrade, the queue goes on from its
    /// last message; the number that is stored may be an old one.
    pub fn drop_expired(&mut self, now: u64) {
        let mut dropped_of = BTreeSet::new();
        for _ in 0..DROPPED_AT_ONCE {
            if self.oldest.is_none_or(|at| self.timing.expiry(at) > now) {
                break;
            }
            dropped_of.extend(self.drop_first());
        }
        for principal in &dropped_of {
            if let Some(gateway) = self.gateways.get(principal) {
                self.tree.remove_before(MessageKey {
                    gateway: *principal,
                    nonce: gateway.nonces().start,
                });
            }
        }
        let deserted = self.desertions.first().copied();
        if let Some((_, gateway)) = deserted.filter(|(at, _)| dropped_of.is_empty() && *at <= now) {
            self.forget(gateway);
        }
    }

    /// Drops the first message; tells of which gateway it was.
    fn drop_first(&mut self) -> Option<Principal> {
        let message = self.log.first()?;
        self.log.remove_first(&message);
        self.oldest = self.log.first().map(|next| next.timestamp);
        self.total.subtract(message.bytes);
        if let Some(load) = self.loads.get_mut(&message.client_key) {
            load.subtract(message.bytes);
            if load.messages == 0 {
                self.loads.remove(&message.client_key);
            }
        }
        let gateway = message.key.gateway;
        if let Some(gateway) = self.gateways.get_mut(&gateway) {
            gateway.positions.pop_front();
        }
        Some(gateway)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.records.clear_new();
        self.log.clear();
        self.tree = MessageTree::default();
        self.gateways.clear();
        self.loads.clear();
        self.total = Load::default();
        self.oldest = None;
        self.desertions.clear();
    }

    /// Changes what is stored of a gateway, and with it when it is forgotten.
    fn change(&mut self, principal: Principal, change: impl FnOnce(&mut GatewayRecord)) {
        let Gateway { record, .. } = self.gateways.entry(principal).or_default();
        if let Some(before) = self.timing.desertion(record) {
            self.desertions.remove(&(before, principal));
        }
        change(record);
        let desertion = self.timing.desertion(record);
        self.desertions.extend(desertion.map(|at| (at, principal)));
        self.records.insert(principal, *record);
    }

    fn forget(&mut self, principal: Principal) {
        if let Some(Gateway { record, .. }) = self.gateways.remove(&principal) {
            let desertion = self.timing.desertion(&record);
            desertion.map(|at| self.desertions.remove(&(at, principal)));
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
