//! The examples, each as it is.

use anyhow::{Context, Result, bail};
use candid::CandidType;
use e2e::{canister::Canister, network::Network, wait::within_deadline};
use futures::StreamExt;
use ic_agent::identity::BasicIdentity;
use ic_ws_client::{Ed25519Signer, Event, connect};
use serde::Deserialize;
use xtask::{build::TestCanisters, layout::Layout};

#[derive(CandidType, Debug, Deserialize, PartialEq)]
enum Message {
    Ping(u64),
    Pong(u64),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_are_answered_by_pongs() -> Result<()> {
    const PINGS: u64 = 5;
    let network = Network::start().await?;
    let agent = network.agent(BasicIdentity::from_raw_key(&rand::random()));
    let module = TestCanisters::of(&Layout::of_this_workspace()).ping_pong;
    let module = std::fs::read(module).context("run scripts/test, which builds the examples")?;
    let canister = Canister::create(&agent.await?, module, ()).await?;

    let config = network.client_config(&network.gateway_url, canister.id);
    let (connection, mut events) = connect(config, Ed25519Signer::generate()?);
    for number in 0..PINGS {
        connection.send(&Message::Ping(number))?;
    }
    let answers = async {
        let mut expected = 0;
        while expected < PINGS {
            match events.next().await.context("the events ended")? {
                Event::Message(message) => {
                    assert_eq!(message, Message::Pong(expected));
                    expected += 1;
                }
                Event::Closed(reason) => bail!("closed: {reason}"),
                _ => {}
            }
        }
        Ok(())
    };
    within_deadline("the pongs", answers).await??;
    network.stop().await
}
