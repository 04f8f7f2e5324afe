//! A canister as it was when its state was certified: what queries see.

use std::sync::Arc;

use candid::Principal;

use super::{Logs, Settings, Status};
use crate::execution::CodeView;

/// A canister at the moment of a publication.
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
    /// Its code and memories.
    pub code: Option<CodeView>,
}
