//! What lies in stable memory, and how.
//!
//! | memory    | structure                               | content                    |
//! |-----------|-----------------------------------------|----------------------------|
//! | first + 0 | cell                                    | [`Header`]                 |
//! | first + 1 | map from client key                     | [`ClientRecord`]           |
//! | first + 2 | map from gateway principal              | [`GatewayRecord`]          |
//! | first + 3 | map from gateway principal and nonce    | [`QueuedMessage`]          |
//! | up to + 7 | reserved                                |                            |
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

/// The version of the layout that this crate writes.
pub(crate) const LAYOUT_VERSION: u32 = 1;

/// The stable memories of the WebSockets: a range of [`RESERVED_MEMORIES`](Self::RESERVED_MEMORIES) consecutive
/// ids, for them alone and the same after each upgrade.
pub struct Storage<M: Memory = VirtualMemory<DefaultMemoryImpl>> {
    pub(crate) header: M,
    pub(crate) clients: M,
    pub(crate) gateways: M,
    pub(crate) queues: M,
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
        }
    }
}

pub(crate) type HeaderCell<M> = StableCell<Header, M>;
pub(crate) type Clients<M> = StableBTreeMap<(Principal, u64), ClientRecord, M>;
pub(crate) type Gateways<M> = StableBTreeMap<Principal, GatewayRecord, M>;
pub(crate) type Messages<M> = StableBTreeMap<(Principal, u64), QueuedMessage, M>;

/// The key of a client in [`Clients`].
pub(crate) fn client_id(key: &ClientKey) -> (Principal, u64) {
    (key.client_principal, key.client_nonce)
}

/// The client key of an id in [`Clients`].
pub(crate) fn client_key((client_principal, client_nonce): (Principal, u64)) -> ClientKey {
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

/// What holds for all connections together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub layout_version: u32,
    /// When all clients were last sent an acknowledgement, in nanoseconds since 1970.
    pub last_ack: u64,
}

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientRecord {
    /// Whose queue its messages go into.
    pub gateway: Principal,
    /// The sequence number of the last message to the client.
    pub last_sent: u64,
    /// The sequence number of the last message from the client.
    pub last_received: u64,
    /// When the client last showed that it is there, in nanoseconds since 1970.
    pub last_keep_alive: u64,
}

/// One gateway and the ends of its queue: it holds the nonces from `first` to before `next`, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayRecord {
    /// How many clients are connected through it.
    pub clients: u64,
    /// The nonce of the oldest message in the queue.
    pub first: u64,
    /// The nonce that the next message gets.
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
    const BOUND: Bound = <(u32, u64)>::BOUND;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.into_bytes())
    }

    fn into_bytes(self) -> Vec<u8> {
        (self.layout_version, self.last_ack).into_bytes()
    }

    /// Every layout begins with its version. What follows may have any length in a newer one, which is to be
    /// recognized all the same.
    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        let (layout_version, rest) = bytes.split_at(size_of::<u32>());
        Self {
            layout_version: u32::from_bytes(Cow::Borrowed(layout_version)),
            last_ack: rest.first_chunk().copied().map_or(0, u64::from_be_bytes),
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
    (Principal, (u64, u64, u64)),
    |client| (
        client.gateway,
        (
            client.last_sent,
            client.last_received,
            client.last_keep_alive
        )
    ),
    |(gateway, (last_sent, last_received, last_keep_alive))| Self {
        gateway,
        last_sent,
        last_received,
        last_keep_alive
    }
);

stored_as_tuple!(
    GatewayRecord,
    ((u64, u64), (u64, u64)),
    |gateway| (
        (gateway.clients, gateway.deserted_at),
        (gateway.first, gateway.next)
    ),
    |((clients, deserted_at), (first, next))| Self {
        clients,
        first,
        next,
        deserted_at
    }
);

/// What stands before the content of a [`QueuedMessage`].
type MessageHeader = ((Principal, u64), u64);
const MESSAGE_HEADER_BYTES: usize = MessageHeader::BOUND.max_size() as usize;

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
    use super::*;

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
