//! Who attacks a canister reaches its limits, and those who mean well do not notice.

use std::net::Ipv4Addr;

use anyhow::Result;
use candid::{Encode, Principal};
use e2e::{
    canister::Canister,
    http::Request,
    load::Load,
    network::Network,
    ping_pong::{self, Pinger},
};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_ws_cdk::WsLimits;
use ic_ws_protocol::{CanisterWsOpenArguments, CanisterWsOpenResult};

const CONNECTIONS: usize = 32;

/// Opens a connection through a gateway.
fn open(
    agent: &Agent,
    canister: &Canister,
    client_nonce: u64,
    gateway_principal: Principal,
) -> Result<Request> {
    let arg = Encode!(&CanisterWsOpenArguments {
        client_nonce,
        gateway_principal,
    })?;
    let call = agent.update(&canister.id, "ws_open").with_arg(arg).sign()?;
    let path = format!("/api/v3/canister/{}/call", canister.id);
    Ok(Request::post(&path, &call.signed_update))
}

/// What the canister says to one that opens a connection through a gateway.
async fn refusal(
    agent: &Agent,
    canister: &Canister,
    gateway_principal: Principal,
) -> Result<String> {
    let args = CanisterWsOpenArguments {
        client_nonce: u64::MAX,
        gateway_principal,
    };
    let canister = Canister::at(canister.id, agent);
    let (result,): (CanisterWsOpenResult,) = canister.update("ws_open", (args,)).await?;
    Ok(result.err().unwrap_or_default())
}

fn gateway(number: u64) -> Principal {
    Principal::self_authenticating(number.to_le_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_clients_are_served() -> Result<()> {
    const MADE_UP_GATEWAYS: u64 = 1000;
    const OPENS: u64 = 10_000;
    let network = Network::start().await?;
    let canister = ping_pong::deploy(&network).await?;
    let mut honest = Pinger::connect(&network, &canister)?;
    honest.ping(1).await?;

    let attacker = network.agent(BasicIdentity::from_raw_key(&[1; 32])).await?;
    let mut crowd = attacker.clone();
    let mut attack = Vec::new();
    for number in 0..MADE_UP_GATEWAYS {
        let mut key = [2; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        crowd.set_identity(BasicIdentity::from_raw_key(&key));
        attack.push(open(&crowd, &canister, 1, gateway(number))?);
    }
    for nonce in 0..OPENS {
        let gateway = network.gateway_principal;
        attack.push(open(&attacker, &canister, nonce, gateway)?);
    }
    let address = (Ipv4Addr::LOCALHOST, network.port()).into();
    let attack = tokio::spawn(Load::run(address, CONNECTIONS, attack));
    while !attack.is_finished() {
        honest.ping(1).await?;
    }
    attack.await??;

    let limits = WsLimits::default();
    let refused = refusal(&attacker, &canister, network.gateway_principal).await?;
    let limit = format!(
        "has {} connections, the limit",
        limits.clients_per_principal
    );
    assert!(refused.contains(&limit), "{refused}");
    let refused = refusal(&crowd, &canister, gateway(MADE_UP_GATEWAYS)).await?;
    let limit = format!("through {} gateways, the limit", limits.gateways);
    assert!(refused.contains(&limit), "{refused}");

    // Who has been there before stays, and who comes now is let in.
    honest.ping(10).await?;
    Pinger::connect(&network, &canister)?.ping(10).await?;
    network.stop().await
}
