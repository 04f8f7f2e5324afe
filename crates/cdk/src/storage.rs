//! What lies in stable memory, and how.
//!
//! | memory    | structure                                          | content           |
//! |-----------|----------------------------------------------------|-------------------|
//! | first + 0 | cell                                               | [`Header`]        |
//! | first + 1 | map from client key                                | [`ClientRecord`]  |
//! | first + 2 | map from gateway principal                         | [`GatewayRecord`] |
//! | first + 3 | map from gateway principal and nonce               | [`QueuedMessage`] |
//! | first + 4 | map from client key and sequence number            | [`EarlyMessage`]  |
//! | first + 5 | map from broadcast number                          | its message       |
//! | first + 6 | set of client key and broadcast number             | nothing           |
//! | first + 7 | reserved                                           |                   |
//!
//! Records are pairs, nested where there is more: the library pads those to a fixed size, but packs longer tuples of
//! what varies in length. When one must change, so does [`LAYOUT_VERSION`], and what is older is converted when the
//! canister starts.

use std::borrow::Cow;

use candid::Principal;
use ic_stable_structures::{
    DefaultMemoryImpl, Memory, StableBTreeMap, StableCell, Storable,
    memory_manager::{MemoryId, MemoryManager, VirtualMemory},
    storable::Bound,
};
use ic_ws_protocol::{ClientKey, MessageKey};

use crate::error::InitError;

mod layout_1;

/// The version of the layout that this crate writes.
pub(crate) const LAYOUT_VERSION: u32 = 2;

/// The stable memories of the WebSockets: a range of [`RESERVED_MEMORIES`](Self::RESERVED_MEMORIES) consecutive
/// ids, for them alone and the same after each upgrade.
pub struct Storage<M: Memory = VirtualMemory<DefaultMemoryImpl>> {
    pub(crate) header: M,
    pub(crate) clients: M,
    pub(crate) gateways: M,
    pub(crate) queues: M,
    pub(crate) early: M,
    pub(crate) broadcasts: M,
    pub(crate) recipients: M,
}

impl Storage {
    /// How many ids belong to the WebSockets. Those that are not in use yet take up no space.
    pub const RESERVED_MEMORIES: u8 = 8;
}

impl<M: Memory> Storage<VirtualMemory<M>> {
    /// The memories from `first_memory_id` on.
    ///
    /// # Panics
    /// If fewer than [`RESERVED_MEMORIES`](Storage::RESERVED_MEMORIES) ids are left from there.
    pub fn new(manager: &MemoryManager<M>, first_memory_id: u8) -> Self {
        assert!(
            first_memory_id <= u8::MAX - Storage::RESERVED_MEMORIES,
            "no {} memory ids are left from {first_memory_id} on",
            Storage::RESERVED_MEMORIES
        );
        let memory = |offset| manager.get(MemoryId::new(first_memory_id + offset));
        Self {
            header: memory(0),
            clients: memory(1),
            gateways: memory(2),
            queues: memory(3),
            early: memory(4),
            broadcasts: memory(5),
            recipients: memory(6),
        }
    }
}

pub(crate) type HeaderCell<M> = StableCell<Header, M>;
pub(crate) type ClientRecords<M> = StableBTreeMap<ClientId, ClientRecord, M>;
pub(crate) type GatewayRecords<M> = StableBTreeMap<Principal, GatewayRecord, M>;
pub(crate) type Messages<M> = StableBTreeMap<(Principal, u64), QueuedMessage, M>;
pub(crate) type EarlyMessages<M> = StableBTreeMap<(ClientId, u64), EarlyMessage, M>;
pub(crate) type BroadcastMessages<M> = StableBTreeMap<u64, Vec<u8>, M>;
pub(crate) type BroadcastRecipients<M> = StableBTreeMap<(ClientId, u64), (), M>;

/// Opens the map of clients, written by this or an older layout.
pub(crate) fn open_clients<M: Memory>(
    header: M,
    clients: M,
) -> Result<ClientRecords<M>, InitError> {
    let current = Header {
        layout_version: LAYOUT_VERSION,
    };
    let mut header = HeaderCell::init(header, current);
    match header.get().layout_version {
        LAYOUT_VERSION => Ok(ClientRecords::init(clients)),
        1 => {
            let clients = layout_1::convert(clients);
            header.set(current);
            Ok(clients)
        }
        unknown => Err(InitError::UnknownLayout(unknown)),
    }
}

/// A client key as it is stored.
pub(crate) type ClientId = (Principal, u64);

/// How a client key is stored.
pub(crate) fn client_id(key: &ClientKey) -> ClientId {
    (key.client_principal, key.client_nonce)
}

/// The client key that is stored as this.
pub(crate) fn client_key((client_principal, client_nonce): ClientId) -> ClientKey {
    ClientKey {
        client_principal,
        client_nonce,
    }
}

/// The key of a message in [`Messages`].
pub(crate) fn message_id(key: MessageKey) -> (Principal, u64) {
    (key.gateway, key.nonce)
}

/// The message key of an id in [`Messages`].
pub(crate) fn message_key((gateway, nonce): (Principal, u64)) -> MessageKey {
    MessageKey { gateway, nonce }
}

/// What tells how to read the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub layout_version: u32,
}

/// One connection. Times are in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientRecord {
    /// Whose queue its messages go into.
    pub gateway: Principal,
    /// The sequence number of the last message to the client.
    pub last_sent: u64,
    /// The sequence number of the last message from the client that came in its turn.
    pub last_received: u64,
    /// When the client last showed that it is there.
    pub last_keep_alive: u64,
    /// When the client was last sent an acknowledgement; before the first, when it connected.
    pub last_ack: u64,
    /// Whether it is still to be checked that the client has answered that acknowledgement.
    pub awaits_keep_alive: bool,
    /// Since when a message is missing that later ones wait for; 0 if none is.
    pub gap_since: u64,
}

/// One gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayRecord {
    /// How many clients are connected through it.
    pub clients: u64,
    /// The nonce that the next message gets. Stored only when something else changes: a queue with messages in it tells
    /// it by the last one.
    pub next: u64,
    /// When its last client went, in nanoseconds since 1970. Means nothing while there are clients.
    pub deserted_at: u64,
}

/// One message in a gateway's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueuedMessage {
    /// The connection to deliver it to.
    pub client_key: ClientKey,
    /// When it was queued, in nanoseconds since 1970.
    pub timestamp: u64,
    /// The CBOR that is certified.
    pub content: Vec<u8>,
}

impl Storable for Header {
    const BOUND: Bound = Bound::Unbounded;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.into_bytes())
    }

    fn into_bytes(self) -> Vec<u8> {
        self.layout_version.into_bytes()
    }

    /// Every layout begins with its version; what follows it in older and newer ones is not for here.
    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        let (layout_version, _) = bytes.split_at(size_of::<u32>());
        Self {
            layout_version: u32::from_bytes(Cow::Borrowed(layout_version)),
        }
    }
}

/// Stores `$record` as the tuple `$tuple`.
macro_rules! stored_as_tuple {
    ($record:ty, $tuple:ty, $into:expr, $from:expr) => {
        impl Storable for $record {
            const BOUND: Bound = <$tuple>::BOUND;

            fn to_bytes(&self) -> Cow<'_, [u8]> {
                Cow::Owned(self.clone().into_bytes())
            }

            fn into_bytes(self) -> Vec<u8> {
                let into: fn(Self) -> $tuple = $into;
                into(self).into_bytes()
            }

            fn from_bytes(bytes: Cow<[u8]>) -> Self {
                let from: fn($tuple) -> Self = $from;
                from(<$tuple>::from_bytes(bytes))
            }
        }
    };
}

stored_as_tuple!(
    ClientRecord,
    (Principal, ((u64, u64, u64), (u64, bool, u64))),
    |client| (
        client.gateway,
        (
            (
                client.last_sent,
                client.last_received,
                client.last_keep_alive
            ),
            (client.last_ack, client.awaits_keep_alive, client.gap_since)
        )
    ),
    |(
        gateway,
        ((last_sent, last_received, last_keep_alive), (last_ack, awaits_keep_alive, gap_since)),
    )| Self {
        gateway,
        last_sent,
        last_received,
        last_keep_alive,
        last_ack,
        awaits_keep_alive,
        gap_since,
    }
);

stored_as_tuple!(
    GatewayRecord,
    ((u64, u64), (u64, u64)),
    // Where there is a zero, the nonce of the oldest message once was, which the queue tells.
    |gateway| ((gateway.clients, gateway.deserted_at), (0, gateway.next)),
    |((clients, deserted_at), (_, next))| Self {
        clients,
        next,
        deserted_at
    }
);

/// What stands before the content of a [`QueuedMessage`].
type MessageHeader = ((Principal, u64), u64);
const MESSAGE_HEADER_BYTES: usize = MessageHeader::BOUND.max_size() as usize;

/// A message that came before one that precedes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarlyMessage {
    pub is_service_message: bool,
    pub content: Vec<u8>,
}

impl Storable for EarlyMessage {
    const BOUND: Bound = Bound::Unbounded;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.clone().into_bytes())
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.content.push(self.is_service_message.into());
        self.content
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        let mut content = bytes.into_owned();
        Self {
            is_service_message: content.pop() == Some(1),
            content,
        }
    }
}

impl Storable for QueuedMessage {
    const BOUND: Bound = Bound::Unbounded;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        let mut bytes = (client_id(&self.client_key), self.timestamp).into_bytes();
        bytes.extend_from_slice(&self.content);
        Cow::Owned(bytes)
    }

    fn into_bytes(self) -> Vec<u8> {
        self.to_bytes().into_owned()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        let (header, content) = bytes.split_at(MESSAGE_HEADER_BYTES);
        let (client_id, timestamp) = MessageHeader::from_bytes(Cow::Borrowed(header));
        Self {
            client_key: client_key(client_id),
            timestamp,
            content: content.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ic_stable_structures::VectorMemory;

    use super::*;

    #[test]
    fn clients_of_the_layout_before_are_still_there() {
        let memory = MemoryManager::init(VectorMemory::default());
        let id = |n| (Principal::self_authenticating([n]), u64::from(n));
        let storage = Storage::new(&memory, 0);
        StableCell::init(storage.header, (1u32, 7u64));
        let mut clients = StableBTreeMap::<ClientId, layout_1::Record, _>::init(storage.clients);
        for n in 0..100 {
            clients.insert(id(n), (id(200).0, (1, 2, 3)));
        }

        for _ in 0..2 {
            let storage = Storage::new(&memory, 0);
            let clients = open_clients(storage.header, storage.clients).unwrap();
            assert_eq!(clients.len(), 100);
            let expected = ClientRecord {
                gateway: id(200).0,
                last_sent: 1,
                last_received: 2,
                last_keep_alive: 3,
                last_ack: 3,
                awaits_keep_alive: false,
                gap_since: 0,
            };
            assert_eq!(clients.get(&id(99)), Some(expected));
        }
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

    #[test]
    fn a_queued_message_is_read_as_written_however_long_its_principal_is() {
        for principal_bytes in [1, 10, 29] {
            let message = QueuedMessage {
                client_key: ClientKey {
                    client_principal: Principal::from_slice(&vec![7; principal_bytes]),
                    client_nonce: u64::MAX,
                },
                timestamp: 2,
                content: b"content".to_vec(),
            };
            assert_eq!(QueuedMessage::from_bytes(message.to_bytes()), message);
        }
    }
}
