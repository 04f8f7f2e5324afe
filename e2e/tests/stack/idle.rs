//! A canister keeps time though nobody calls it, also after an upgrade.

use std::time::Duration;

use anyhow::{Error, Result, ensure};
use candid::{Decode, encode_args};
use e2e::{canister::Canister, network::Network, ping_pong, wait::until};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_localnet::{Config, faults::TestApi};
use ic_management_canister_types::CanisterInstallMode;
use ic_ws_protocol::{
    CanisterCloseMessageContent, CanisterWsGetMessagesArguments, CanisterWsGetMessagesResult,
    CanisterWsOpenArguments, CanisterWsOpenResult, CloseMessageReason, WebsocketMessage,
    WebsocketServiceMessageContent as Service,
    timing::{DEFAULT_ACK_INTERVAL, KEEP_ALIVE_TIMEOUT},
};

/// By how much the network's clock may be ahead of the machine's.
const DRIFT: Duration = Duration::from_secs(3600);

/// An agent that bears with that.
async fn agent(network: &Network) -> Result<Agent> {
    let agent = Agent::builder()
        .with_url(&network.ic_url)
        .with_identity(BasicIdentity::from_raw_key(&rand::random()))
        .with_ingress_expiry(DRIFT)
        .build()?;
    agent.fetch_root_key().await?;
    Ok(agent)
}

/// What is queued for the gateway that is the canister's agent.
async fn queued(canister: &Canister) -> Result<Vec<Service>> {
    let args = CanisterWsGetMessagesArguments { nonce: 0 };
    let (result,): (CanisterWsGetMessagesResult,) =
        canister.query("ws_get_messages", (args,)).await?;
    let messages = result.map_err(Error::msg)?.messages.into_iter();
    messages
        .map(|message| {
            let message = WebsocketMessage::from_cbor(&message.content)?;
            Ok(Decode!(&message.content, Service)?)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgraded_canisters_acknowledge_close_and_forget_without_being_called() -> Result<()> {
    let mut config = Config {
        test_api: Some(TestApi::default()),
        ..Config::default()
    };
    config.ingress.clock_drift_ns += DRIFT.as_nanos() as u64;
    let network = Network::start_on(config).await?;
    let control = network.test_control()?;
    let module = ping_pong::module()?;
    let gateway = agent(&network).await?;
    let canister = Canister::create(&gateway, module.clone(), ()).await?;
    let upgrade = async || {
        let mode = CanisterInstallMode::Upgrade(None);
        canister
            .install(mode, module.clone(), encode_args(())?)
            .await
    };

    let client = Canister::at(canister.id, &agent(&network).await?);
    let gateway_principal = gateway.get_principal().map_err(Error::msg)?;
    let open = CanisterWsOpenArguments {
        client_nonce: 1,
        gateway_principal,
    };
    let (opened,): (CanisterWsOpenResult,) = client.update("ws_open", (open,)).await?;
    opened.map_err(Error::msg)?;
    ensure!(queued(&canister).await?.len() == 1);

    // But for upgrades, there are only queries from here on, of which a canister remembers nothing.
    upgrade().await?;
    control.advance(DEFAULT_ACK_INTERVAL).await?;
    until("an acknowledgement", || async {
        let queued = queued(&canister).await?;
        Ok(matches!(queued.last(), Some(Service::AckMessage(_))).then_some(()))
    })
    .await?;
    control.advance(KEEP_ALIVE_TIMEOUT).await?;
    let close = Service::CloseMessage(CanisterCloseMessageContent {
        reason: CloseMessageReason::KeepAliveTimeout,
    });
    until("the end of the silent client", || async {
        Ok((queued(&canister).await?.last() == Some(&close)).then_some(()))
    })
    .await?;
    upgrade().await?;
    control.advance(2 * DEFAULT_ACK_INTERVAL).await?;
    until("an empty queue", || async {
        Ok(queued(&canister).await?.is_empty().then_some(()))
    })
    .await?;
    network.stop().await
}
