//! The gateways and their queues of messages that wait to be fetched, each certified as long as it waits.
//!
//! Every operation costs the logarithm of what is queued, or is paid for by the messages it removes.

use std::collections::{BTreeSet, HashMap};

use candid::Principal;
use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{CanisterOutputMessage, ClientKey, MessageKey, cbor::CborError};

use crate::{
    certification::MessageTree,
    storage::{GatewayRecord, Gateways, Messages, QueuedMessage, message_id, message_key},
};

/// How many old messages a new one displaces at most. More than one, so that a queue that was left alone shrinks.
const PRUNED_PER_PUSH: usize = 5;

/// How many messages of a gateway are dropped together at most.
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
    gateways: Gateways<M>,
    messages: Messages<M>,
    tree: MessageTree,
    /// Of each client that anything waits for.
    loads: HashMap<ClientKey, Load>,
    bytes: usize,
    /// The gateways without clients, and since when.
    deserted: BTreeSet<(u64, Principal)>,
}

impl<M: Memory> Queues<M> {
    /// Takes up the queues as `gateways` and `messages` hold them.
    pub fn new(gateways: M, messages: M) -> Self {
        let gateways = Gateways::init(gateways);
        let deserted = gateways
            .iter()
            .map(|entry| entry.into_pair())
            .filter(|(_, record)| record.clients == 0)
            .map(|(gateway, record)| (record.deserted_at, gateway))
            .collect();
        let mut queues = Self {
            gateways,
            messages: Messages::init(messages),
            tree: MessageTree::default(),
            loads: HashMap::new(),
            bytes: 0,
            deserted,
        };
        for entry in queues.messages.iter() {
            let (id, message) = entry.into_pair();
            queues.tree.insert(message_key(id), &message.content);
            queues
                .loads
                .entry(message.client_key)
                .or_default()
                .add(message.content.len());
            queues.bytes += message.content.len();
        }
        queues
    }

    /// What the canister must certify.
    pub fn root_hash(&self) -> Hash {
        self.tree.root_hash()
    }

    /// How many gateways have clients, or messages left.
    pub fn gateways(&self) -> u64 {
        self.gateways.len()
    }

    /// Whether anything was queued for `gateway` that is not forgotten yet.
    pub fn knows(&self, gateway: Principal) -> bool {
        self.gateways.contains_key(&gateway)
    }

    /// How many clients are connected through `gateway`.
    pub fn clients(&self, gateway: Principal) -> u64 {
        self.record(gateway).clients
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
        let mut record = self.record(gateway);
        self.deserted.remove(&(record.deserted_at, gateway));
        record.clients += 1;
        self.gateways.insert(gateway, record);
    }

    /// A client of `gateway` has gone.
    pub fn remove_client(&mut self, gateway: Principal, now: u64) {
        let mut record = self.record(gateway);
        record.clients = record.clients.saturating_sub(1);
        if record.clients == 0 {
            record.deserted_at = now;
            self.deserted.insert((now, gateway));
        }
        self.gateways.insert(gateway, record);
    }

    /// Queues `message` for `gateway`, and drops some of those that have waited since before `oldest`.
    pub fn push(&mut self, gateway: Principal, message: QueuedMessage, oldest: u64) {
        let mut record = self.record(gateway);
        self.prune(gateway, &mut record, oldest, PRUNED_PER_PUSH);

        let key = MessageKey {
            gateway,
            nonce: record.next,
        };
        record.next += 1;
        self.tree.insert(key, &message.content);
        self.bytes += message.content.len();
        self.loads
            .entry(message.client_key)
            .or_default()
            .add(message.content.len());
        self.messages.insert(message_id(key), message);
        self.gateways.insert(gateway, record);
    }

    /// The messages of `gateway` from `nonce` on.
    pub fn page(
        &self,
        gateway: Principal,
        nonce: u64,
        limit: PageLimit,
    ) -> Result<Page, CborError> {
        let record = self.record(gateway);
        let from = nonce.max(record.first);
        if from >= record.next {
            return Ok(Page {
                is_end_of_queue: true,
                ..Page::default()
            });
        }

        let mut page = Page::default();
        let (mut last, mut bytes) = (from, 0);
        let waiting = self
            .messages
            .range((gateway, from)..(gateway, record.next))
            .take(limit.messages);
        for entry in waiting {
            let (id, message) = entry.into_pair();
            bytes += message.content.len() + PAGE_BYTES_PER_MESSAGE;
            if bytes > limit.bytes && !page.messages.is_empty() {
                break;
            }
            let key = message_key(id);
            last = key.nonce;
            page.messages.push(CanisterOutputMessage {
                client_key: message.client_key,
                key: key.to_string(),
                content: message.content,
            });
        }
        page.is_end_of_queue = last + 1 == record.next;
        page.witness = self
            .tree
            .witness(message_key((gateway, from)), message_key((gateway, last)))?;
        Ok(page)
    }

    /// The gateway that was deserted first, and when.
    pub fn first_deserted(&self) -> Option<(u64, Principal)> {
        self.deserted.first().copied()
    }

    /// Drops the oldest messages of a deserted gateway, and forgets it when none is left.
    pub fn drop_deserted(&mut self, gateway: Principal) {
        let mut record = self.record(gateway);
        self.prune(gateway, &mut record, u64::MAX, DROPPED_AT_ONCE);
        if record.first == record.next {
            self.deserted.remove(&(record.deserted_at, gateway));
            self.gateways.remove(&gateway);
        } else {
            self.gateways.insert(gateway, record);
        }
    }

    /// Drops messages that have waited since before `oldest`; `true` if there may be more of them.
    pub fn drop_expired(&mut self, gateway: Principal, oldest: u64) -> bool {
        let mut record = self.record(gateway);
        let dropped = self.prune(gateway, &mut record, oldest, DROPPED_AT_ONCE);
        if dropped > 0 {
            self.gateways.insert(gateway, record);
        }
        dropped == DROPPED_AT_ONCE
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.gateways.clear_new();
        self.messages.clear_new();
        self.tree = MessageTree::default();
        self.loads.clear();
        self.bytes = 0;
        self.deserted.clear();
    }

    /// A gateway that is not known is one that nothing was ever queued for.
    fn record(&self, gateway: Principal) -> GatewayRecord {
        self.gateways.get(&gateway).unwrap_or_default()
    }

    /// Drops at most `limit` messages that have waited since before `oldest`; gives how many.
    fn prune(
        &mut self,
        gateway: Principal,
        record: &mut GatewayRecord,
        oldest: u64,
        limit: usize,
    ) -> usize {
        let old: Vec<_> = self
            .messages
            .range((gateway, record.first)..(gateway, record.next))
            .take(limit)
            .take_while(|entry| entry.value().timestamp < oldest)
            .map(|entry| message_key(*entry.key()))
            .collect();
        for key in &old {
            self.remove(*key);
            record.first = key.nonce + 1;
        }
        old.len()
    }

    fn remove(&mut self, key: MessageKey) {
        self.tree.remove(key);
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
