//! What lies in stable memory, and how.
//!
//! | memory    | structure                                          | content           |
//! |-----------|----------------------------------------------------|-------------------|
//! | first + 0 | cell                                               | [`Header`]        |
//! | first + 1 | slots, one for each client                         | [`ClientRecord`]  |
//! | first + 2 | map from gateway principal                         | [`GatewayRecord`] |
//! | first + 3 | nothing, but the queues of older layouts           |                   |
//! | first + 4 | map from client key and sequence number            | [`EarlyMessage`]  |
//! | first + 5 | map from broadcast number                          | its message       |
//! | first + 6 | set of client key and broadcast number             | nothing           |
//! | first + 7 | ring, in the order in which messages were queued   | [`QueuedMessage`] |
//!
//! Clients and messages change with every call, so each is written for itself: in a map, its neighbours would be
//! read and written, too. Records in maps are pairs, nested where there is more: the library pads those to a fixed size,
//! but packs longer tuples of what varies in length. When a record must change, so does [`LAYOUT_VERSION`], and what is
//! older is converted when the canister starts.

use std::borrow::Cow;

use candid::Principal;
use ic_stable_structures::{
    DefaultMemoryImpl, Memory, StableBTreeMap, StableCell, Storable,
    memory_manager::{MemoryId, MemoryManager, VirtualMemory},
    storable::Bound,
};
use ic_ws_protocol::ClientKey;

use crate::error::InitError;

mod client_records;
mod fields;
mod layout_1;
mod layout_2;
mod message_log;
mod ring;

pub(crate) use self::{
    client_records::{ClientRecord, ClientRecords, Slot},
    message_log::{MessageLog, QueuedMessage},
};

/// The version of the layout that this crate writes.
pub(crate) const LAYOUT_VERSION: u32 = 3;

/// The stable memories of the WebSockets: a range of [`RESERVED_MEMORIES`](Self::RESERVED_MEMORIES) consecutive
/// ids, for them alone and the same after each upgrade.
pub struct Storage<M: Memory = VirtualMemory<DefaultMemoryImpl>> {
    pub(crate) header: M,
    pub(crate) clients: M,
    pub(crate) gateways: M,
    /// Of older layouts.
    old_queues: M,
    pub(crate) early: M,
    pub(crate) broadcasts: M,
    pub(crate) recipients: M,
    pub(crate) messages: M,
}

impl Storage {
    /// How many ids belong to the WebSockets. One that nothing is in takes up no space.
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
            old_queues: memory(3),
            early: memory(4),
            broadcasts: memory(5),
            recipients: memory(6),
            messages: memory(7),
        }
    }
}

impl<M: Memory> Storage<M> {
    /// The same in this layout, if an older one has written it.
    pub(crate) fn in_this_layout(self) -> Result<Self, InitError> {
        let this = Header {
            layout_version: LAYOUT_VERSION,
        };
        let mut header = StableCell::init(self.header, this);
        let (old_clients, memory) = match header.get().layout_version {
            LAYOUT_VERSION => {
                let header = header.into_memory();
                return Ok(Self { header, ..self });
            }
            1 => layout_1::clients(self.clients),
            2 => layout_2::clients(self.clients),
            unknown => return Err(InitError::UnknownLayout(unknown)),
        };
        let mut clients = ClientRecords::new(memory);
        for (id, client) in old_clients {
            clients.add(&client_key(id), &client);
        }
        let mut messages = MessageLog::init(self.messages);
        let old_queues = layout_2::move_messages(self.old_queues, &mut messages);
        header.set(this);
        Ok(Self {
            header: header.into_memory(),
            clients: clients.into_memory(),
            old_queues,
            messages: messages.into_memory(),
            ..self
        })
    }
}

pub(crate) type GatewayRecords<M> = StableBTreeMap<Principal, GatewayRecord, M>;
pub(crate) type EarlyMessages<M> = StableBTreeMap<(ClientId, u64), EarlyMessage, M>;
pub(crate) type BroadcastMessages<M> = StableBTreeMap<u64, Vec<u8>, M>;
pub(crate) type BroadcastRecipients<M> = StableBTreeMap<(ClientId, u64), (), M>;

const WASM_PAGE_BYTES: u64 = 1 << 16;

/// Lets `memory` have at least so many bytes.
///
/// # Panics
/// If the canister's stable memory is used up, as the maps in it do: the Internet Computer undoes the call.
fn grow_to<M: Memory>(memory: &M, bytes: u64) {
    let missing = bytes
        .div_ceil(WASM_PAGE_BYTES)
        .saturating_sub(memory.size());
    assert!(
        missing == 0 || memory.grow(missing) >= 0,
        "stable memory is used up: {missing} more pages are needed"
    );
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

/// What tells how to read the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub layout_version: u32,
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

/// Where there is a zero, the nonce of the oldest message once was, which the queue tells.
type StoredGateway = ((u64, u64), (u64, u64));

impl Storable for GatewayRecord {
    const BOUND: Bound = StoredGateway::BOUND;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.into_bytes())
    }

    fn into_bytes(self) -> Vec<u8> {
        ((self.clients, self.deserted_at), (0u64, self.next)).into_bytes()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        let ((clients, deserted_at), (_, next)) = StoredGateway::from_bytes(bytes);
        Self {
            clients,
            next,
            deserted_at,
        }
    }
}

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

#[cfg(test)]
mod tests;
