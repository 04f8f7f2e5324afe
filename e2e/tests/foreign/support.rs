//! A network with the test canisters on it.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use anyhow::Result;
use candid::utils::ArgumentEncoder;
use e2e::{artifact, canister::Canister, network::Network};
use ic_agent::{Agent, identity::BasicIdentity};
use tokio::{runtime::Runtime, sync::OnceCell};
use xtask::{
    build::{Artifacts, TestCanisters},
    layout::Layout,
};

/// An identity of its own.
pub fn somebody() -> BasicIdentity {
    BasicIdentity::from_raw_key(&rand::random())
}

/// A network, and somebody new who may deploy to it.
///
/// One network for all tests, as compiling the canisters takes longer than most tests. It has a runtime of its own:
/// a test's ends with the test.
pub async fn network() -> Result<(&'static Network, Agent)> {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
    static NETWORK: OnceCell<Network> = OnceCell::const_new();
    let network = NETWORK
        .get_or_try_init(|| async { RUNTIME.spawn(Network::start()).await? })
        .await?;
    Ok((network, network.agent(somebody()).await?))
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
