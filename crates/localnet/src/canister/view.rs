//! A canister at one moment. Queries see it as it was when its state was certified.

use std::sync::Arc;

use candid::Principal;

use super::{Host, Logs, Settings, Status};
use crate::execution::{CodeView, Environment};

/// What can be told of a canister at one moment, whatever becomes of it later.
pub struct CanisterView {
    /// Its id.
    pub id: Principal,
    /// Its settings.
    pub settings: Settings,
    /// Whether it takes calls.
    pub status: Status,
    /// Its version.
    pub version: u64,
    /// Its balance.
    pub cycles: u128,
    /// When its global timer fires.
    pub global_timer: u64,
    /// What it printed.
    pub logs: Arc<Logs>,
    /// Bytes in its chunk store.
    pub chunk_bytes: usize,
    /// Its code and memories.
    pub code: Option<CodeView>,
}

impl CanisterView {
    /// What executions in this canister may ask.
    pub fn environment(&self, host: &Host) -> Environment {
        Environment {
            canister_id: self.id,
            subnet_id: host.subnet_id,
            root_key: Arc::clone(&host.root_key),
            time_ns: host.time_ns,
            status: self.status.code(),
            version: self.version,
            global_timer: self.global_timer,
            controllers: Arc::clone(&self.settings.controllers),
            variables: Arc::clone(&self.settings.environment_variables),
            certified: host.certified.clone(),
            max_outgoing_calls: host.max_outgoing_calls,
        }
    }
}
