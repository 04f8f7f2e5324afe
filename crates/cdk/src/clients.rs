//! The connections, and when each needs attention next.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use ic_stable_structures::Memory;
use ic_ws_protocol::ClientKey;

use crate::{
    storage::{ClientRecord, ClientRecords, client_id, client_key},
    timing::Timing,
};

pub(crate) struct Clients<M: Memory> {
    timing: Timing,
    /// Written only, until the canister starts again.
    stable: ClientRecords<M>,
    /// The same on the heap, where reading is cheap.
    records: BTreeMap<ClientKey, ClientRecord>,
    /// One entry for each client.
    deadlines: BTreeSet<(u64, ClientKey)>,
}

impl<M: Memory> Clients<M> {
    pub fn new(stable: ClientRecords<M>, timing: Timing) -> Self {
        let records: BTreeMap<_, _> = stable
            .iter()
            .map(|entry| (client_key(*entry.key()), entry.value()))
            .collect();
        let deadlines = records
            .iter()
            .map(|(key, client)| (timing.client_deadline(client), *key))
            .collect();
        Self {
            timing,
            stable,
            records,
            deadlines,
        }
    }

    pub fn get(&self, key: &ClientKey) -> Option<ClientRecord> {
        self.records.get(key).copied()
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
        self.stable.insert(client_id(key), client);
        let before = self.records.insert(*key, client);
        let before = before.map(|client| self.timing.client_deadline(&client));
        let deadline = self.timing.client_deadline(&client);
        if before == Some(deadline) {
            return;
        }
        if let Some(before) = before {
            self.deadlines.remove(&(before, *key));
        }
        self.deadlines.insert((deadline, *key));
    }

    pub fn remove(&mut self, key: &ClientKey) -> Option<ClientRecord> {
        self.stable.remove(&client_id(key));
        let client = self.records.remove(key)?;
        self.deadlines
            .remove(&(self.timing.client_deadline(&client), *key));
        Some(client)
    }

    /// The earliest deadline, and whose it is.
    pub fn first_deadline(&self) -> Option<(u64, ClientKey)> {
        self.deadlines.first().copied()
    }

    pub fn clear(&mut self) {
        self.stable.clear_new();
        self.records.clear();
        self.deadlines.clear();
    }
}
