//! The `ic-localnet` command: a local development network until it is told to stop.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::Context;
use clap::Parser;
use ic_localnet::{Config, Localnet};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A local Internet Computer for development: one node, no consensus, no real cycles.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The port to listen on; 0 takes any that is free.
    #[arg(long, env = "IC_LOCALNET_PORT", default_value_t = 4943)]
    port: u16,
    /// The address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Where keys and canisters are kept; without it, they are gone when the network stops.
    #[arg(long, env = "IC_LOCALNET_STATE_DIR")]
    state_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    // Before the network starts, so that no signal is missed.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;

    let localnet = Localnet::start(Config {
        listen: SocketAddr::new(args.address, args.port),
        state_dir: args.state_dir.clone(),
        ..Config::default()
    })
    .await?;
    let kept = match &args.state_dir {
        Some(dir) => format!("state in {}", dir.display()),
        None => "state in memory only".to_owned(),
    };
    println!(
        "Local development network at {} (one node, no consensus, no real cycles; {kept})",
        localnet.url()
    );
    println!("Root key {}", hex::encode(localnet.root_key()));

    let name = tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    };
    tracing::info!("{name}: stopping");
    localnet.shutdown().await.context("cannot keep the state")?;
    Ok(())
}
