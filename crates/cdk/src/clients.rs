//! The connections, and when each needs attention next.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use ic_stable_structures::Memory;
use ic_ws_protocol::ClientKey;

use crate::{
    storage::{ClientRecord, ClientRecords, Slot},
    timing::Timing,
};

pub(crate) struct Clients<M: Memory> {
    timing: Timing,
    stable: ClientRecords<M>,
    /// The same on the heap, where reading is cheap.
    records: BTreeMap<ClientKey, (Slot, ClientRecord)>,
    /// One entry for each client.
    deadlines: BTreeSet<(u64, ClientKey)>,
}

impl<M: Memory> Clients<M> {
    /// With the clients that are in `memory`.
    pub fn new(memory: M, timing: Timing) -> Self {
        let (stable, stored) = ClientRecords::load(memory);
        let deadlines = stored
            .iter()
            .map(|(key, _, client)| (timing.client_deadline(client), *key))
            .collect();
        let records = stored
            .into_iter()
            .map(|(key, slot, client)| (key, (slot, client)))
            .collect();
        Self {
            timing,
            stable,
            records,
            deadlines,
        }
    }

    pub fn get(&self, key: &ClientKey) -> Option<ClientRecord> {
        self.records.get(key).map(|(_, client)| *client)
    }

    pub fn contains(&self, key: &ClientKey) -> bool {
        self.records.contains_key(key)
    }

    /// The connections of a principal.
    pub fn of(&self, principal: Principal) -> impl Iterator<Item = ClientKey> + '_ {
        let [first, last] = [0, u64::MAX].map(|client_nonce| ClientKey {
            client_principal: principal,
            client_nonce,
        });
        self.records.range(first..=last).map(|(key, _)| *key)
    }

    pub fn keys(&self) -> impl Iterator<Item = ClientKey> + '_ {
        self.records.keys().copied()
    }

    /// Adds a client, or says what has become of one.
    pub fn put(&mut self, key: &ClientKey, client: ClientRecord) {
        let deadline = self.timing.client_deadline(&client);
        match self.records.get_mut(key) {
            None => {
                let slot = self.stable.add(key, &client);
                self.records.insert(*key, (slot, client));
            }
            Some((slot, known)) => {
                self.stable.set(*slot, key, &client);
                let before = self.timing.client_deadline(known);
                *known = client;
                if before == deadline {
                    return;
                }
                self.deadlines.remove(&(before, *key));
            }
        }
        self.deadlines.insert((deadline, *key));
    }

    pub fn remove(&mut self, key: &ClientKey) -> Option<ClientRecord> {
        let (slot, client) = self.records.remove(key)?;
        self.stable.remove(slot);
        self.deadlines
            .remove(&(self.timing.client_deadline(&client), *key));
        Some(client)
    }

    /// The earliest deadline, and whose it is.
    pub fn first_deadline(&self) -> Option<(u64, ClientKey)> {
        self.deadlines.first().copied()
    }

    pub fn clear(&mut self) {
        self.stable.clear();
        self.records.clear();
        self.deadlines.clear();
    }
}
