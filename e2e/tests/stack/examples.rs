//! The examples, each as it is.

use anyhow::Result;
use e2e::{
    network::Network,
    ping_pong::{self, Pinger},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_are_answered_by_pongs() -> Result<()> {
    const PINGS: u64 = 5;
    let network = Network::start().await?;
    let canister = ping_pong::deploy(&network).await?;
    let mut pinger = Pinger::connect(&network, &canister)?;
    pinger.ping(PINGS).await?;
    network.stop().await
}
