//! The gateways and their queues of messages that wait to be fetched, each certified as long as it waits.
//!
//! Every operation costs the logarithm of what is queued, or is paid for by the messages it removes.

use candid::Principal;
use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{CanisterOutputMessage, MessageKey, cbor::CborError};

use crate::{
    certification::MessageTree,
    storage::{GatewayRecord, Gateways, Messages, QueuedMessage, message_id, message_key},
};

/// How many old messages a new one displaces at most. More than one, so that a queue that was left alone shrinks.
const PRUNED_PER_PUSH: usize = 5;

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

pub(crate) struct Queues<M: Memory> {
    gateways: Gateways<M>,
    messages: Messages<M>,
    tree: MessageTree,
}

impl<M: Memory> Queues<M> {
    /// Takes up the queues as `gateways` and `messages` hold them.
    pub fn new(gateways: M, messages: M) -> Self {
        let messages = Messages::init(messages);
        let mut tree = MessageTree::default();
        for entry in messages.iter() {
            let (id, message) = entry.into_pair();
            tree.insert(message_key(id), &message.content);
        }
        Self {
            gateways: Gateways::init(gateways),
            messages,
            tree,
        }
    }

    /// What the canister must certify.
    pub fn root_hash(&self) -> Hash {
        self.tree.root_hash()
    }

    /// A client has connected through `gateway`.
    pub fn add_client(&mut self, gateway: Principal) {
        let mut record = self.record(gateway);
        record.clients += 1;
        self.gateways.insert(gateway, record);
    }

    /// A client of `gateway` has gone.
    pub fn remove_client(&mut self, gateway: Principal, now: u64) {
        let mut record = self.record(gateway);
        record.clients = record.clients.saturating_sub(1);
        if record.clients == 0 {
            record.deserted_at = now;
        }
        self.gateways.insert(gateway, record);
    }

    /// Queues `message` for `gateway`, and drops some of those that have waited since before `oldest`.
    pub fn push(&mut self, gateway: Principal, message: QueuedMessage, oldest: u64) {
        let mut record = self.record(gateway);
        self.prune(gateway, &mut record, oldest);

        let key = MessageKey {
            gateway,
            nonce: record.next,
        };
        record.next += 1;
        self.tree.insert(key, &message.content);
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
            bytes += message.content.len();
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

    /// Forgets the gateways whose last client went before `deserted_before`, with all that is left in their queues.
    pub fn forget_deserted(&mut self, deserted_before: u64) {
        let deserted: Vec<_> = self
            .gateways
            .iter()
            .map(|entry| entry.into_pair())
            .filter(|(_, record)| record.clients == 0 && record.deserted_at < deserted_before)
            .collect();
        for (gateway, record) in deserted {
            self.gateways.remove(&gateway);
            for nonce in record.first..record.next {
                self.remove(MessageKey { gateway, nonce });
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.gateways.clear_new();
        self.messages.clear_new();
        self.tree = MessageTree::default();
    }

    /// A gateway that is not known is one that nothing was ever queued for.
    fn record(&self, gateway: Principal) -> GatewayRecord {
        self.gateways.get(&gateway).unwrap_or_default()
    }

    fn prune(&mut self, gateway: Principal, record: &mut GatewayRecord, oldest: u64) {
        let old: Vec<_> = self
            .messages
            .range((gateway, record.first)..(gateway, record.next))
            .take(PRUNED_PER_PUSH)
            .take_while(|entry| entry.value().timestamp < oldest)
            .map(|entry| message_key(*entry.key()))
            .collect();
        for key in old {
            self.remove(key);
            record.first = key.nonce + 1;
        }
    }

    fn remove(&mut self, key: MessageKey) {
        self.messages.remove(&message_id(key));
        self.tree.remove(key);
    }
}
