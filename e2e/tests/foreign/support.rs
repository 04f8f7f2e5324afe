//! A network with the test canisters on it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use candid::utils::ArgumentEncoder;
use e2e::{artifact, canister::Canister, network::Network};
use ic_agent::{Agent, identity::BasicIdentity};
use xtask::{
    build::{Artifacts, TestCanisters},
    layout::Layout,
};

/// An identity of its own.
pub fn somebody() -> BasicIdentity {
    BasicIdentity::from_raw_key(&rand::random())
}

/// The network, and somebody new who may deploy to it.
pub async fn network() -> Result<(Arc<Network>, Agent)> {
    let network = Network::shared().await?;
    let agent = network.agent(somebody()).await?;
    Ok((network, agent))
}

pub fn built() -> TestCanisters {
    TestCanisters::of(&Layout::of_this_workspace())
}

pub fn asset_canister() -> PathBuf {
    Artifacts::of(&Layout::of_this_workspace()).asset_canister_wasm
}

/// A new canister that runs the module at `path`.
pub async fn deploy(agent: &Agent, path: &Path, args: impl ArgumentEncoder) -> Result<Canister> {
    Canister::create(agent, artifact::read(path)?, args).await
}
