//! The layout before this one: clients had fewer fields, and no message waited for one before it.

use candid::Principal;
use ic_stable_structures::{Memory, StableBTreeMap};

use super::{ClientId, ClientRecord, ClientRecords};

/// A client's gateway; the last sequence number to it, the last from it, and its last keep-alive.
pub(super) type Record = (Principal, (u64, u64, u64));

/// Converts the map of clients.
pub(super) fn convert<M: Memory>(clients: M) -> ClientRecords<M> {
    let old = StableBTreeMap::<ClientId, Record, M>::init(clients);
    let records: Vec<_> = old.iter().map(|entry| entry.into_pair()).collect();
    let mut clients = ClientRecords::new(old.into_memory());
    for (id, (gateway, (last_sent, last_received, last_keep_alive))) in records {
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
        clients.insert(id, client);
    }
    clients
}
