//! The connections, and when each needs attention next.
//!
//! Each client is acknowledged to an interval after it was last: not all at once, which would flood their gateways, but
//! at the marks of a grid, so that a timer serves all that are due at one mark.

use std::{collections::BTreeSet, time::Duration};

use candid::Principal;
use ic_stable_structures::Memory;
use ic_ws_protocol::{
    ClientKey,
    timing::{COMMUNICATION_LATENCY_BOUND, KEEP_ALIVE_TIMEOUT},
};

use crate::storage::{ClientRecord, ClientRecords, client_id, client_key};

/// How many marks the grid has in an acknowledgement interval.
const MARKS_PER_INTERVAL: u64 = 60;

/// What a client's next deadline depends on besides its record; in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    ack_interval: u64,
    /// When the canister started: before that, it may have kept clients from being heard.
    started: u64,
}

impl Timing {
    pub fn new(ack_interval: Duration, started: u64) -> Self {
        Self {
            ack_interval: nanos(ack_interval),
            started,
        }
    }

    pub fn ack_interval(&self) -> u64 {
        self.ack_interval
    }

    /// When the client is to be acknowledged to, or checked for its answer.
    pub fn ack_deadline(&self, client: &ClientRecord) -> u64 {
        if client.awaits_keep_alive {
            return client.last_ack.saturating_add(nanos(KEEP_ALIVE_TIMEOUT));
        }
        let latest = client.last_ack.saturating_add(self.ack_interval);
        latest - latest % (self.ack_interval / MARKS_PER_INTERVAL)
    }

    /// When a message that is missing must have come.
    pub fn gap_deadline(&self, client: &ClientRecord) -> Option<u64> {
        let since = client.gap_since.max(self.started);
        (client.gap_since != 0).then(|| since.saturating_add(nanos(COMMUNICATION_LATENCY_BOUND)))
    }

    /// Whether the client has had the time to answer its last acknowledgement, and has not.
    pub fn is_silent(&self, client: &ClientRecord) -> bool {
        client.last_ack > self.started && client.last_keep_alive < client.last_ack
    }

    fn deadline(&self, client: &ClientRecord) -> u64 {
        let ack = self.ack_deadline(client);
        self.gap_deadline(client).map_or(ack, |gap| gap.min(ack))
    }
}

pub(crate) struct Clients<M: Memory> {
    records: ClientRecords<M>,
    timing: Timing,
    /// One entry for each client. On the heap, and made again when the canister starts.
    deadlines: BTreeSet<(u64, ClientKey)>,
}

impl<M: Memory> Clients<M> {
    pub fn new(records: ClientRecords<M>, timing: Timing) -> Self {
        let deadlines = records
            .iter()
            .map(|entry| (timing.deadline(&entry.value()), client_key(*entry.key())))
            .collect();
        Self {
            records,
            timing,
            deadlines,
        }
    }

    pub fn timing(&self) -> Timing {
        self.timing
    }

    pub fn get(&self, key: &ClientKey) -> Option<ClientRecord> {
        self.records.get(&client_id(key))
    }

    pub fn contains(&self, key: &ClientKey) -> bool {
        self.records.contains_key(&client_id(key))
    }

    /// The connections of a principal.
    pub fn of(&self, principal: Principal) -> impl Iterator<Item = ClientKey> + '_ {
        self.records
            .keys_range((principal, 0)..=(principal, u64::MAX))
            .map(client_key)
    }

    pub fn keys(&self) -> impl Iterator<Item = ClientKey> + '_ {
        self.records.keys().map(client_key)
    }

    /// Adds a client, or says what has become of one.
    pub fn put(&mut self, key: &ClientKey, client: ClientRecord) {
        let before = self.records.insert(client_id(key), client);
        let before = before.map(|client| self.timing.deadline(&client));
        let deadline = self.timing.deadline(&client);
        if before == Some(deadline) {
            return;
        }
        if let Some(before) = before {
            self.deadlines.remove(&(before, *key));
        }
        self.deadlines.insert((deadline, *key));
    }

    pub fn remove(&mut self, key: &ClientKey) -> Option<ClientRecord> {
        let client = self.records.remove(&client_id(key))?;
        self.deadlines
            .remove(&(self.timing.deadline(&client), *key));
        Some(client)
    }

    /// The earliest deadline, and whose it is.
    pub fn first_deadline(&self) -> Option<(u64, ClientKey)> {
        self.deadlines.first().copied()
    }

    pub fn clear(&mut self) {
        self.records.clear_new();
        self.deadlines.clear();
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
