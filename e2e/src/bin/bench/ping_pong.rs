//! The example ping-pong, and what its clients need.

use std::fs;

use anyhow::{Context, Result};
use candid::{CandidType, Deserialize};
use xtask::{build::TestCanisters, layout::Layout};

/// What clients and canister say to each other.
#[derive(CandidType, Deserialize)]
pub enum Talk {
    Ping(u64),
    Pong(u64),
}

/// The canister's module.
pub fn module() -> Result<Vec<u8>> {
    let module = TestCanisters::of(&Layout::of_this_workspace()).ping_pong;
    fs::read(&module).with_context(|| format!("{}: scripts/bench builds it", module.display()))
}
