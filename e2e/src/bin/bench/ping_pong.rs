//! The example ping-pong, and what its clients need.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

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

/// Nanoseconds since 1970.
pub fn unix_time_ns() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(since.as_nanos().try_into()?)
}
