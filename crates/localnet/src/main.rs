//! The `ic-localnet` command: a local development network until it is told to stop.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Parser;
use ic_localnet::{Config, Localnet, faults::TestApi};
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
    /// Where compiled modules are kept, which several networks may share; without it, with the state.
    #[arg(long, env = "IC_LOCALNET_COMPILED_DIR")]
    compiled_dir: Option<PathBuf>,
    /// Lets tests move the clock and make the network misbehave, by requests to /_/test/clock and /_/test/faults.
    #[arg(long, env = "IC_LOCALNET_TEST_API")]
    test_api: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    // Before the network starts, so that no signal is missed.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;

    let localnet = Localnet::start(Config {
        listen: SocketAddr::new(args.address, args.port),
        state_dir: args.state_dir.clone(),
        compiled_dir: args.compiled_dir,
        test_api: args.test_api.then(TestApi::default),
        ..Config::default()
    })
    .await?;
    announce(&localnet, args.state_dir.as_deref());

    let why = tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        () = localnet.stopped() => "the network cannot go on",
    };
    tracing::info!("{why}: stopping");
    localnet.shutdown().await?;
    Ok(())
}

/// Says on standard output where the network is, and what it is.
fn announce(localnet: &Localnet, state_dir: Option<&Path>) {
    let kept = match state_dir {
        Some(dir) => format!("state in {}", dir.display()),
        None => "state in memory only".to_owned(),
    };
    let test_api = match localnet.test_control() {
        Some(_) => "; the test API is on",
        None => "",
    };
    let written = writeln!(
        io::stdout(),
        "Local development network at {} (one node, no consensus, no real cycles; {kept}{test_api})\nRoot key {}",
        localnet.url(),
        hex::encode(localnet.root_key())
    );
    if let Err(error) = written {
        // Whoever has started the network may have stopped listening; that is no reason to stop.
        tracing::debug!("standard output is closed: {error}");
    }
}
