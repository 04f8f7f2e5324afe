//! The layout before this one: clients and queued messages were in maps.

use std::borrow::Cow;

use candid::Principal;
use ic_stable_structures::{Memory, StableBTreeMap, Storable};
use ic_ws_protocol::MessageKey;
use sha2::{Digest, Sha256};

use super::{ClientId, ClientRecord, MessageLog, QueuedMessage, client_key};

/// A client's gateway; the last sequence number to it, the last from it, and its last keep-alive; its last
/// acknowledgement, whether that is to be answered, and since when a message is missing.
pub(super) type Client = (Principal, ((u64, u64, u64), (u64, bool, u64)));
pub(super) type Clients<M> = StableBTreeMap<ClientId, Client, M>;

/// By gateway and nonce: a [`MessageHeader`], then the content.
pub(super) type Messages<M> = StableBTreeMap<(Principal, u64), Vec<u8>, M>;

/// For whom, and when it was queued.
pub(super) type MessageHeader = (ClientId, u64);

/// The clients, and the memory that they were in.
pub(super) fn clients<M: Memory>(memory: M) -> (Vec<(ClientId, ClientRecord)>, M) {
    let clients = Clients::init(memory);
    let records = clients.iter().map(|entry| {
        let (
            id,
            (
                gateway,
                (
                    (last_sent, last_received, last_keep_alive),
                    (last_ack, awaits_keep_alive, gap_since),
                ),
            ),
        ) = entry.into_pair();
        let client = ClientRecord {
            gateway,
            last_sent,
            last_received,
            last_keep_alive,
            last_ack,
            awaits_keep_alive,
            gap_since,
        };
        (id, client)
    });
    (records.collect(), clients.into_memory())
}

/// Moves the messages of all queues into `log`, in the order in which they were queued.
pub(super) fn move_messages<M: Memory>(memory: M, log: &mut MessageLog<M>) -> M {
    let mut messages = Messages::init(memory);
    let mut order: Vec<_> = messages
        .iter()
        .map(|entry| (split(&entry.value()).0.1, *entry.key()))
        .collect();
    order.sort_unstable();
    for (timestamp, id) in order {
        let Some(message) = messages.get(&id) else {
            continue;
        };
        let ((client_id, _), content) = split(&message);
        let (gateway, nonce) = id;
        let message = QueuedMessage {
            key: MessageKey { gateway, nonce },
            client_key: client_key(client_id),
            timestamp,
            hash: Sha256::digest(content).into(),
            bytes: content.len(),
        };
        log.push(&message, content);
    }
    messages.clear_new();
    messages.into_memory()
}

fn split(message: &[u8]) -> (MessageHeader, &[u8]) {
    let (header, content) = message.split_at(MessageHeader::BOUND.max_size() as usize);
    (MessageHeader::from_bytes(Cow::Borrowed(header)), content)
}
