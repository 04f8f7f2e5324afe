//! A canister built with the published WebSocket CDK, behind our gateway: our client and the published one talk to it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use candid::{CandidType, Principal};
use e2e::{
    canister::Canister,
    network::Network,
    published_client::{self, PublishedClient},
    wait::{until, within_deadline},
};
use futures::StreamExt;
use ic_localnet::{
    Config,
    faults::{Fault, Faults, Order, Rule, TestApi},
};
use ic_ws_client::{CloseReason, Connection, Ed25519Signer, Event, Events, Signer, connect};
use ic_ws_protocol::{CloseMessageReason, timing::KEEP_ALIVE_TIMEOUT};
use serde::Deserialize;
use serde_json::json;

use crate::support::{built, deploy, network, somebody};

const MESSAGES: usize = 30;
/// The CDK's own interval of acknowledgements.
const DEFAULT_INTERVAL: (Option<u64>,) = (None,);

/// The CDK takes none that is not longer than a minute.
const SHORTEST_ACK_INTERVAL: Duration = Duration::from_millis(60_001);

#[derive(CandidType, Clone, Debug, Deserialize, PartialEq)]
enum AppMessage {
    Welcome,
    Ping { text: String },
    Pong { text: String },
    Dismiss,
}

#[derive(CandidType, Debug, Default, Deserialize, PartialEq)]
struct Journal {
    opened: Vec<Principal>,
    closed: Vec<Principal>,
}

async fn journal(canister: &Canister) -> Result<Journal> {
    Ok(canister.query::<(_,)>("journal", ()).await?.0)
}

async fn wait_for_close(canister: &Canister, who: Principal) -> Result<()> {
    until("the canister to be told of the end", || async {
        Ok(journal(canister).await?.closed.contains(&who).then_some(()))
    })
    .await
}

/// Our client.
struct Client {
    connection: Connection<AppMessage>,
    events: Events<AppMessage>,
}

impl Client {
    /// Connects, and is welcomed.
    async fn open(network: &Network, canister: &Canister, signer: &Ed25519Signer) -> Result<Self> {
        let config = network.client_config(&network.gateway_url, canister.id);
        let (connection, events) = connect(config, signer.clone());
        let mut client = Self { connection, events };
        assert!(matches!(client.event().await?, Event::Opened { .. }));
        assert_eq!(client.message().await?, AppMessage::Welcome);
        Ok(client)
    }

    async fn event(&mut self) -> Result<Event<AppMessage>> {
        within_deadline("an event", self.events.next())
            .await?
            .context("the events ended")
    }

    /// The next message; acknowledgements may come before it.
    async fn message(&mut self) -> Result<AppMessage> {
        loop {
            match self.event().await? {
                Event::Message(message) => return Ok(message),
                Event::Acknowledged { .. } => {}
                other => bail!("{other:?} came instead of a message"),
            }
        }
    }

    async fn close_reason(&mut self) -> Result<CloseReason> {
        loop {
            match self.event().await? {
                Event::Closed(reason) => return Ok(reason),
                Event::Acknowledged { .. } => {}
                other => bail!("{other:?} came instead of the end"),
            }
        }
    }

    fn ping(&self, text: impl Into<String>) -> Result<()> {
        let text = text.into();
        self.connection.send(&AppMessage::Ping { text })?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_talks_leaves_and_comes_back() -> Result<()> {
    let (network, agent) = network().await?;
    let canister = deploy(&agent, &built().published_cdk, DEFAULT_INTERVAL).await?;
    let signer = Ed25519Signer::generate()?;
    let id = signer.principal();

    let mut client = Client::open(&network, &canister, &signer).await?;
    for n in 0..MESSAGES {
        client.ping(n.to_string())?;
    }
    for n in 0..MESSAGES {
        let text = n.to_string();
        assert_eq!(client.message().await?, AppMessage::Pong { text });
    }
    client.connection.close();
    assert!(matches!(
        client.close_reason().await?,
        CloseReason::ClosedByClient
    ));
    wait_for_close(&canister, id).await?;

    let mut client = Client::open(&network, &canister, &signer).await?;
    client.ping("again")?;
    let text = "again".to_owned();
    assert_eq!(client.message().await?, AppMessage::Pong { text });
    client.connection.send(&AppMessage::Dismiss)?;
    let reason = client.close_reason().await?;
    assert!(
        matches!(
            reason,
            CloseReason::ClosedByCanister(CloseMessageReason::ClosedByApplication)
        ),
        "{reason:?}"
    );
    let expected = Journal {
        opened: vec![id, id],
        closed: vec![id, id],
    };
    assert_eq!(journal(&canister).await?, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_client_talks_leaves_and_comes_back() -> Result<()> {
    let (network, agent) = network().await?;
    let canister = deploy(&agent, &built().published_cdk, DEFAULT_INTERVAL).await?;
    let interface = interface(&canister).await?;

    let mut client = PublishedClient::connect(&network, canister.id, &interface)?;
    let id = opened(&mut client).await?;
    for n in 0..MESSAGES {
        client
            .send(&json!({ "Ping": { "text": n.to_string() } }))
            .await?;
    }
    for n in 0..MESSAGES {
        let pong = json!({ "Pong": { "text": n.to_string() } });
        assert_eq!(
            client.event().await?,
            published_client::Event::Message(pong)
        );
    }
    client.close();
    assert_eq!(client.event().await?, closed(1000, ""));
    wait_for_close(&canister, id).await?;

    let mut client = PublishedClient::connect(&network, canister.id, &interface)?;
    let other = opened(&mut client).await?;
    client.send(&json!({ "Dismiss": null })).await?;
    assert_eq!(client.event().await?, closed(4001, "ClosedByApplication"));
    let expected = Journal {
        opened: vec![id, other],
        closed: vec![id, other],
    };
    assert_eq!(journal(&canister).await?, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledgements_keep_both_clients_connected() -> Result<()> {
    // Clients have the machine's time, which the network's must not be far from: it starts behind, and ends ahead.
    let clock_behind = Duration::from_secs(60);
    let mut config = Config {
        test_api: Some(TestApi { clock_behind }),
        ..Config::default()
    };
    config.ingress.clock_drift_ns += clock_behind.as_nanos() as u64;
    let network = Network::start_on(config).await?;
    let control = network.test_control()?;
    let agent = network.agent(somebody()).await?;
    let interval = Some(SHORTEST_ACK_INTERVAL.as_millis() as u64);
    let canister = deploy(&agent, &built().published_cdk, (interval,)).await?;

    let mut ours = Client::open(&network, &canister, &Ed25519Signer::generate()?).await?;
    let mut published =
        PublishedClient::connect(&network, canister.id, &interface(&canister).await?)?;
    opened(&mut published).await?;
    // Half way between the acknowledgement and the canister's check, keep-alives are late for neither.
    let half = KEEP_ALIVE_TIMEOUT / 2;
    control.set_faults(Faults {
        rules: vec![Rule {
            method: Some("ws_message".to_owned()),
            times: Some(2),
            ..Rule::always(Fault::Delay { by: half })
        }],
        ..Faults::default()
    })?;
    control.advance(SHORTEST_ACK_INTERVAL).await?;
    until("both keep-alives", || async {
        Ok((control.faults().rules[0].times == Some(0)).then_some(()))
    })
    .await?;
    control.advance(half).await?;
    // What is answered has been executed after the keep-alives.
    exchange(&mut ours, &mut published, "before the check").await?;
    control.advance(half).await?;
    exchange(&mut ours, &mut published, "after the check").await?;
    assert_eq!(journal(&canister).await?.closed, []);
    network.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_closes_the_connection_that_it_broke_and_no_other() -> Result<()> {
    let (network, agent) = network().await?;
    let canister = deploy(&agent, &built().published_cdk, DEFAULT_INTERVAL).await?;
    let mut other = Client::open(&network, &canister, &Ed25519Signer::generate()?).await?;
    let signer = Ed25519Signer::generate()?;
    let mut client = Client::open(&network, &canister, &signer).await?;
    // The canister traps on what is not a client's to say.
    client.connection.send(&AppMessage::Welcome)?;
    let reason = client.close_reason().await?;
    assert!(
        matches!(&reason, CloseReason::Refused { reason, .. }
            if reason.contains("not a message of a client")),
        "{reason}"
    );
    let mut client = Client::open(&network, &canister, &signer).await?;
    for client in [&mut client, &mut other] {
        client.ping("still here")?;
        let text = "still here".to_owned();
        assert_eq!(client.message().await?, AppMessage::Pong { text });
    }
    Ok(())
}

/// Such a network disturbs nobody who talks to this project's CDK: `stack/faults.rs` shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_in_another_order_close_a_connection() -> Result<()> {
    let network = Network::start_on(Config {
        test_api: Some(TestApi::default()),
        ..Config::default()
    })
    .await?;
    let agent = network.agent(somebody()).await?;
    let canister = deploy(&agent, &built().published_cdk, DEFAULT_INTERVAL).await?;
    let mut client = Client::open(&network, &canister, &Ed25519Signer::generate()?).await?;
    let swap = Fault::Reorder {
        calls: 2,
        within: Duration::from_secs(10),
        order: Order::Reversed,
    };
    network.test_control()?.set_faults(Faults {
        rules: vec![Rule {
            method: Some("ws_message".to_owned()),
            ..Rule::always(swap)
        }],
        ..Faults::default()
    })?;
    client.ping("one")?;
    client.ping("two")?;
    let reason = client.close_reason().await?;
    assert!(
        matches!(
            reason,
            // Either may come first, the canister's message or its answer to the call.
            CloseReason::ClosedByCanister(CloseMessageReason::WrongSequenceNumber)
                | CloseReason::Refused { .. }
        ),
        "{reason:?}"
    );
    network.stop().await
}

/// Both clients are answered.
async fn exchange(ours: &mut Client, published: &mut PublishedClient, text: &str) -> Result<()> {
    ours.ping(text)?;
    published.send(&json!({ "Ping": { "text": text } })).await?;
    let pong = json!({ "Pong": { "text": text } });
    assert_eq!(
        published.event().await?,
        published_client::Event::Message(pong)
    );
    let text = text.to_owned();
    assert_eq!(ours.message().await?, AppMessage::Pong { text });
    Ok(())
}

async fn interface(canister: &Canister) -> Result<String> {
    let answer = canister.query::<(_,)>("__get_candid_interface_tmp_hack", ());
    Ok(answer.await?.0)
}

/// Waits until the published client is connected and welcomed.
async fn opened(client: &mut PublishedClient) -> Result<Principal> {
    let published_client::Event::Opened(id) = client.event().await? else {
        bail!("not opened");
    };
    let welcome = published_client::Event::Message(json!({ "Welcome": null }));
    assert_eq!(client.event().await?, welcome);
    Ok(id)
}

fn closed(code: u16, reason: &str) -> published_client::Event {
    let reason = reason.to_owned();
    published_client::Event::Closed { code, reason }
}
