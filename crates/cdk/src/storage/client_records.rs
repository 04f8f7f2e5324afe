//! The connections, each in a slot of its own: writing one touches no other.
//!
//! | address          | size         | content                                             |
//! |------------------|--------------|-----------------------------------------------------|
//! | 0                | 8            | the number of slots, little-endian                  |
//! | 64 + n × 110     | 1            | of slot n: 1 if there is a client in it, else 0     |
//! | 65 + n × 110     | 109          | the client's key and its [`ClientRecord`]           |

use candid::Principal;
use ic_stable_structures::Memory;
use ic_ws_protocol::ClientKey;

use super::{
    fields::{Fields, PRINCIPAL_BYTES, PutFields as _},
    grow_to,
};

const SLOTS: u64 = 64;
const SLOT_BYTES: usize = 2 + 2 * PRINCIPAL_BYTES + 6 * size_of::<u64>();

const FREE: u8 = 0;
const IN_USE: u8 = 1;

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

/// Where a client is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u64);

impl Slot {
    fn address(self) -> u64 {
        SLOTS + self.0 * SLOT_BYTES as u64
    }
}

/// Written only, once it has been read.
pub(crate) struct ClientRecords<M: Memory> {
    memory: M,
    slots: u64,
    /// Those that clients were in that have gone. On the heap, and found again when the canister starts.
    free: Vec<Slot>,
}

impl<M: Memory> ClientRecords<M> {
    /// Without clients, whatever `memory` holds.
    pub fn new(memory: M) -> Self {
        let mut records = Self {
            memory,
            slots: 0,
            free: Vec::new(),
        };
        records.clear();
        records
    }

    /// With the clients that `memory` holds, and what they are.
    pub fn load(memory: M) -> (Self, Vec<(ClientKey, Slot, ClientRecord)>) {
        let mut slots = [0; 8];
        if memory.size() > 0 {
            memory.read(0, &mut slots);
        }
        let slots = u64::from_le_bytes(slots);
        let (mut free, mut clients) = (Vec::new(), Vec::new());
        for slot in (0..slots).map(Slot) {
            let mut bytes = [0; SLOT_BYTES];
            memory.read(slot.address(), &mut bytes);
            match decode(&bytes) {
                Some((key, client)) => clients.push((key, slot, client)),
                None => free.push(slot),
            }
        }
        let records = Self {
            memory,
            slots,
            free,
        };
        (records, clients)
    }

    pub fn into_memory(self) -> M {
        self.memory
    }

    /// Stores a client that is not stored yet.
    pub fn add(&mut self, key: &ClientKey, client: &ClientRecord) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| self.add_slot());
        self.set(slot, key, client);
        slot
    }

    /// Says what has become of the client in a slot.
    pub fn set(&self, slot: Slot, key: &ClientKey, client: &ClientRecord) {
        self.memory.write(slot.address(), &encode(key, client));
    }

    /// Removes the client in a slot.
    pub fn remove(&mut self, slot: Slot) {
        self.memory.write(slot.address(), &[FREE]);
        self.free.push(slot);
    }

    /// Removes all clients.
    pub fn clear(&mut self) {
        self.free.clear();
        self.set_slots(0);
    }

    fn add_slot(&mut self) -> Slot {
        let slot = Slot(self.slots);
        self.set_slots(self.slots + 1);
        slot
    }

    fn set_slots(&mut self, slots: u64) {
        grow_to(&self.memory, Slot(slots).address());
        self.slots = slots;
        self.memory.write(0, &slots.to_le_bytes());
    }
}

fn encode(key: &ClientKey, client: &ClientRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.push(IN_USE);
    bytes.put_principal(key.client_principal);
    bytes.put_u64(key.client_nonce);
    bytes.put_principal(client.gateway);
    bytes.put_u64(client.last_sent);
    bytes.put_u64(client.last_received);
    bytes.put_u64(client.last_keep_alive);
    bytes.put_u64(client.last_ack);
    bytes.push(client.awaits_keep_alive.into());
    bytes.put_u64(client.gap_since);
    bytes
}

/// What is in a slot; nothing if it is free.
fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<(ClientKey, ClientRecord)> {
    let mut fields = Fields(bytes);
    if fields.array() == [FREE] {
        return None;
    }
    let key = ClientKey {
        client_principal: fields.principal(),
        client_nonce: fields.u64(),
    };
    let client = ClientRecord {
        gateway: fields.principal(),
        last_sent: fields.u64(),
        last_received: fields.u64(),
        last_keep_alive: fields.u64(),
        last_ack: fields.u64(),
        awaits_keep_alive: fields.array() == [1],
        gap_since: fields.u64(),
    };
    Some((key, client))
}

#[cfg(test)]
mod tests {
    use ic_stable_structures::VectorMemory;

    use super::*;

    fn client(n: u64) -> (ClientKey, ClientRecord) {
        let key = ClientKey {
            client_principal: Principal::self_authenticating(n.to_le_bytes()),
            client_nonce: n,
        };
        let record = ClientRecord {
            gateway: Principal::management_canister(),
            last_sent: n + 1,
            last_received: n + 2,
            last_keep_alive: n + 3,
            last_ack: n + 4,
            awaits_keep_alive: n.is_multiple_of(2),
            gap_since: u64::MAX - n,
        };
        (key, record)
    }

    fn stored(memory: &VectorMemory) -> Vec<(ClientKey, ClientRecord)> {
        let (_, clients) = ClientRecords::load(memory.clone());
        clients
            .into_iter()
            .map(|(key, _, client)| (key, client))
            .collect()
    }

    #[test]
    fn clients_are_read_as_written_and_slots_used_again() {
        let memory = VectorMemory::default();
        let (mut records, none) = ClientRecords::load(memory.clone());
        assert_eq!(none, []);
        let slots: Vec<_> = (0..1000)
            .map(|n| {
                let (key, record) = client(n);
                records.add(&key, &record)
            })
            .collect();
        assert_eq!(stored(&memory), (0..1000).map(client).collect::<Vec<_>>());

        for slot in &slots[1..] {
            records.remove(*slot);
        }
        let (mut records, left) = ClientRecords::load(memory.clone());
        assert_eq!(left.len(), 1);
        let size = memory.size();
        for n in 1..1000 {
            let (key, record) = client(n + 1000);
            records.add(&key, &record);
        }
        assert_eq!(memory.size(), size);
        let (key, mut changed) = client(0);
        changed.last_sent = 77;
        records.set(slots[0], &key, &changed);
        assert_eq!(stored(&memory)[0], (key, changed));
        assert_eq!(stored(&memory).len(), 1000);

        records.clear();
        assert_eq!(stored(&memory), []);
    }
}
