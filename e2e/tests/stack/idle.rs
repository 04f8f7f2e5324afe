//! A canister keeps time though nobody calls it, also after an upgrade.

use std::time::Duration;

use anyhow::{Error, Result, anyhow, ensure};
use candid::{Decode, Principal, Reserved};
use chat_api::{Members, Presence, QueryError};
use e2e::{
    artifact, canister::Canister, commands::LOBBY, network::Network, ping_pong, wait::until,
};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_localnet::{Config, faults::TestApi};
use ic_ws_protocol::{
    CanisterCloseMessageContent, CanisterWsGetMessagesArguments, CanisterWsGetMessagesResult,
    CanisterWsOpenArguments, CanisterWsOpenResult, CloseMessageReason, WebsocketMessage,
    WebsocketServiceMessageContent as Service,
    timing::{DEFAULT_ACK_INTERVAL, KEEP_ALIVE_TIMEOUT},
};
use xtask::{build::TestCanisters, layout::Layout};

/// By how much the network's clock may be ahead of the machine's.
const DRIFT: Duration = Duration::from_secs(3600);

/// How often the chat looks for connections whose end it has missed.
const CHECK_INTERVAL: Duration = Duration::from_secs(600);

/// A network whose clock may be moved that far.
async fn network() -> Result<Network> {
    let mut config = Config {
        test_api: Some(TestApi::default()),
        ..Config::default()
    };
    config.ingress.clock_drift_ns += DRIFT.as_nanos() as u64;
    Network::start_on(config).await
}

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
    let network = network().await?;
    let control = network.test_control()?;
    let module = ping_pong::module()?;
    let gateway = agent(&network).await?;
    let canister = Canister::create(&gateway, module.clone(), ()).await?;
    let upgrade = || canister.upgrade(module.clone());

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_was_not_told_of_an_end_finds_out_by_itself() -> Result<()> {
    let network = network().await?;
    let agent = agent(&network).await?;
    let built = TestCanisters::of(&Layout::of_this_workspace());
    let chat = Canister::create(&agent, artifact::read(&built.filled_chat)?, ()).await?;
    let veteran = artifact::read(&built.veteran)?;
    let caller = Canister::create(&agent, veteran, (None::<String>,)).await?;
    let presence = async || -> Result<Vec<Presence>> {
        let page = (LOBBY, None::<Principal>, 2_u32);
        let (page,): (Result<Members, QueryError>,) = chat.query("members", page).await?;
        let page = page.map_err(|error| anyhow!("{error:?}"))?;
        Ok(page.members.iter().map(|member| member.presence).collect())
    };

    let request = (chat.id, "miss_an_end", "Carol", 0_u128);
    let _: (Reserved,) = caller.update("ask", request).await?;
    assert_eq!(presence().await?, [Presence::Here]);
    network.test_control()?.advance(CHECK_INTERVAL).await?;
    until("Carol to be seen to have gone", || async {
        let gone = matches!(presence().await?[..], [Presence::LastSeen(_)]);
        Ok(gone.then_some(()))
    })
    .await?;
    network.stop().await
}
