//! What older layouts have written is read.

use ic_stable_structures::VectorMemory;
use ic_ws_protocol::MessageKey;
use sha2::{Digest, Sha256};

use super::*;

fn id(n: u8) -> ClientId {
    (Principal::self_authenticating([n]), u64::from(n))
}

fn gateway(n: u8) -> Principal {
    id(200 + n).0
}

type Memories = MemoryManager<VectorMemory>;

fn write_header(memory: &Memories, layout_version: u32) {
    StableCell::init(Storage::new(memory, 0).header, (layout_version, 7u64));
}

/// Three gateways' queues from some nonce on: messages came to each in turn, some at the same time.
fn write_messages(memory: &Memories) -> Vec<(QueuedMessage, Vec<u8>)> {
    let mut messages = layout_2::Messages::init(Storage::new(memory, 0).old_queues);
    let mut written = Vec::new();
    for n in 0..300u64 {
        let client = id((n % 7) as u8);
        let content = n.to_le_bytes().repeat((n % 50) as usize);
        let timestamp = 1000 + n / 2;
        let key = MessageKey {
            gateway: gateway((n % 3) as u8),
            nonce: 5000 + n / 3,
        };
        let header: layout_2::MessageHeader = (client, timestamp);
        let stored = [header.into_bytes(), content.clone()].concat();
        messages.insert((key.gateway, key.nonce), stored);
        let message = QueuedMessage {
            key,
            client_key: client_key(client),
            timestamp,
            hash: Sha256::digest(&content).into(),
            bytes: content.len(),
        };
        written.push((message, content));
    }
    written
}

fn read_clients(storage: Storage<VirtualMemory<VectorMemory>>) -> Vec<(ClientKey, ClientRecord)> {
    let (_, clients) = ClientRecords::load(storage.clients);
    let clients = clients.into_iter();
    clients.map(|(key, _, client)| (key, client)).collect()
}

fn check_messages(
    storage: Storage<VirtualMemory<VectorMemory>>,
    mut expected: Vec<(QueuedMessage, Vec<u8>)>,
) {
    let log = MessageLog::init(storage.messages);
    let mut read: Vec<_> = log
        .iter()
        .map(|(position, message)| (message, log.content(position, &message)))
        .collect();
    assert!(read.is_sorted_by_key(|(message, _)| message.timestamp));
    for messages in [&mut read, &mut expected] {
        messages.sort_by_key(|(message, _)| message.key);
    }
    assert!(read == expected);
    for n in 0..3 {
        let nonces = log
            .iter()
            .filter(|(_, message)| message.key.gateway == gateway(n));
        assert!(nonces.map(|(_, message)| message.key.nonce).is_sorted());
    }
}

/// Converts what is in `memory`, finds 100 clients with this last one and the messages there, and finds them once more.
fn check_converted(
    memory: &Memories,
    last_client: ClientRecord,
    messages: &[(QueuedMessage, Vec<u8>)],
) {
    for _ in 0..2 {
        let storage = || Storage::new(memory, 0).in_this_layout().unwrap();
        let clients = read_clients(storage());
        assert_eq!(clients.len(), 100);
        assert!(clients.contains(&(client_key(id(99)), last_client)));
        check_messages(storage(), messages.to_vec());
    }
}

#[test]
fn the_first_layout() {
    let memory = MemoryManager::init_with_bucket_size(VectorMemory::default(), 1);
    write_header(&memory, 1);
    let mut clients = layout_1::Clients::init(Storage::new(&memory, 0).clients);
    for n in 0..100 {
        clients.insert(id(n), (gateway(0), (1, 2, 3)));
    }
    let messages = write_messages(&memory);

    let last_client = ClientRecord {
        gateway: gateway(0),
        last_sent: 1,
        last_received: 2,
        last_keep_alive: 3,
        last_ack: 3,
        awaits_keep_alive: false,
        gap_since: 0,
    };
    check_converted(&memory, last_client, &messages);
}

#[test]
fn the_second_layout() {
    let memory = MemoryManager::init_with_bucket_size(VectorMemory::default(), 1);
    write_header(&memory, 2);
    let mut clients = layout_2::Clients::init(Storage::new(&memory, 0).clients);
    for n in 0..100 {
        clients.insert(id(n), (gateway(n % 3), ((1, 2, 3), (4, n == 99, 5))));
    }
    let messages = write_messages(&memory);

    let last_client = ClientRecord {
        gateway: gateway(0),
        last_sent: 1,
        last_received: 2,
        last_keep_alive: 3,
        last_ack: 4,
        awaits_keep_alive: true,
        gap_since: 5,
    };
    check_converted(&memory, last_client, &messages);
}

#[test]
fn an_early_message_is_read_as_written() {
    for is_service_message in [false, true] {
        let message = EarlyMessage {
            is_service_message,
            content: b"content".to_vec(),
        };
        assert_eq!(EarlyMessage::from_bytes(message.to_bytes()), message);
    }
}
