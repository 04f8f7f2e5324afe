//! The first layout: clients had fewer fields, and no message waited for one before it. The rest is as in the second.

use candid::Principal;
use ic_stable_structures::{Memory, StableBTreeMap};

use super::{ClientId, ClientRecord};

/// A client's gateway; the last sequence number to it, the last from it, and its last keep-alive.
pub(super) type Client = (Principal, (u64, u64, u64));
pub(super) type Clients<M> = StableBTreeMap<ClientId, Client, M>;

/// The clients, and the memory that they were in.
pub(super) fn clients<M: Memory>(memory: M) -> (Vec<(ClientId, ClientRecord)>, M) {
    let clients = Clients::init(memory);
    let records = clients.iter().map(|entry| {
        let (id, (gateway, (last_sent, last_received, last_keep_alive))) = entry.into_pair();
        let client = ClientRecord {
            gateway,
            last_sent,
            last_received,
            last_keep_alive,
            // All were acknowledged to together, just before they answered.
            last_ack: last_keep_alive,
            awaits_keep_alive: false,
            gap_since: 0,
        };
        (id, client)
    });
    (records.collect(), clients.into_memory())
}
