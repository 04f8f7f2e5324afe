//! Brings the parts up one after the other, watches them, and takes them down in reverse.

use std::{collections::BTreeMap, fs};

use anyhow::Result;
use futures::future::select_all;
use ic_agent::Identity;
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

use super::{
    Setup,
    canister_ids::CanisterIds,
    part::Part,
    ready::{fetch, until},
};
use crate::{
    app::App, build::Artifacts, deploy::deploy, identity, layout::Layout, network_file::NetworkFile,
};

const CYAN: u8 = 36;
const MAGENTA: u8 = 35;

/// Runs everything until a signal asks to stop, or a part dies.
pub(super) async fn supervise(layout: &Layout, setup: &Setup) -> Result<()> {
    fs::create_dir_all(layout.logs())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;

    let mut parts = Vec::new();
    let outcome = tokio::select! {
        outcome = run(layout, setup, &mut parts) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    };
    NetworkFile::remove(&layout.network_file())?;
    while let Some(part) = parts.pop() {
        part.stop().await;
    }
    outcome
}

/// Returns only with an error: what failed, or which part died.
async fn run(layout: &Layout, setup: &Setup, parts: &mut Vec<Part>) -> Result<()> {
    let mut network = bring_up(layout, setup, parts).await?;
    network.pids = parts
        .iter()
        .filter_map(|part| Some((part.name().to_owned(), part.pid()?)))
        .chain([("supervisor".to_owned(), std::process::id())])
        .collect();
    network.write(&layout.network_file())?;
    println!("{}\nCtrl-C stops everything.", summary(&network));
    Err(first_end(parts).await)
}

async fn bring_up(layout: &Layout, setup: &Setup, parts: &mut Vec<Part>) -> Result<NetworkFile> {
    let app = App::named(layout, setup.app.as_deref())?;
    let artifacts = Artifacts::with(layout, &app);
    let ic_url = format!("http://127.0.0.1:{}", setup.localnet_port);
    let gateway_address = format!("127.0.0.1:{}", setup.gateway_port);
    let gateway_url = format!("ws://{gateway_address}");

    let mut localnet = Command::new(&artifacts.localnet);
    localnet
        .args(["--port", &setup.localnet_port.to_string(), "--state-dir"])
        .arg(layout.state())
        .arg("--compiled-dir")
        .arg(layout.compiled())
        .args(setup.test_api.then_some("--test-api"));
    parts.push(Part::spawn("localnet", CYAN, localnet, &layout.logs())?);
    let ic_status_url = format!("{ic_url}/api/v2/status");
    during(
        parts,
        until("the local network", async || fetch(&ic_status_url).await),
    )
    .await?;

    let deployer = identity::load_or_create(&layout.deployer_identity())?;
    let mut canister_ids = CanisterIds::read(layout.canister_ids())?;
    let known = canister_ids.of(&app);
    let deployment = during(
        parts,
        deploy(&ic_url, deployer, &artifacts, &gateway_url, &known),
    )
    .await?;
    canister_ids.keep(&app, &deployment.canisters())?;

    let gateway_principal = identity::load_or_create(&layout.gateway_identity())?
        .sender()
        .map_err(anyhow::Error::msg)?;
    let mut gateway = Command::new(&artifacts.gateway);
    gateway
        .args([
            "--gateway-address",
            &gateway_address,
            "--ic-network-url",
            &ic_url,
            "--identity-path",
        ])
        .arg(layout.gateway_identity());
    parts.push(Part::spawn("gateway", MAGENTA, gateway, &layout.logs())?);
    let health_url = format!("http://{gateway_address}/health");
    during(
        parts,
        until("the gateway", async || fetch(&health_url).await),
    )
    .await?;

    let frontend_url = deployment.page_url(setup.localnet_port);
    during(
        parts,
        until("the page", async || fetch(&frontend_url).await),
    )
    .await?;

    Ok(NetworkFile {
        app: app.name().to_owned(),
        ic_url,
        root_key: hex::encode(&deployment.root_key),
        gateway_url,
        gateway_principal,
        frontend_url,
        identity_provider_url: deployment.identity_provider_url(setup.localnet_port),
        status_url: format!("http://{gateway_address}/status"),
        metrics_url: format!("http://{gateway_address}/metrics"),
        canisters: deployment.canisters(),
        pids: BTreeMap::new(),
    })
}

/// Does `work`, unless a part dies before it is done.
async fn during<T>(parts: &mut [Part], work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        error = first_end(parts) => Err(error),
        done = work => done,
    }
}

async fn first_end(parts: &mut [Part]) -> anyhow::Error {
    select_all(parts.iter_mut().map(|part| Box::pin(part.ended())))
        .await
        .0
}

/// The URLs that people want, one a line.
pub(super) fn summary(network: &NetworkFile) -> String {
    format!(
        "\n  page      {}\n  gateway   {}\n  network   {}\n  status    {}\n  metrics   {}\n",
        network.frontend_url,
        network.gateway_url,
        network.ic_url,
        network.status_url,
        network.metrics_url
    )
}
