//! The gateway as a program: command line, logs, signals.

use std::{
    env,
    io::{self, IsTerminal},
};

use anyhow::Context;
use ic_ws_gateway::{Config, Identity, Listeners};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config =
        Config::load(env::args_os(), |name| env::var_os(name)).unwrap_or_else(|error| error.exit());
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::builder()
                .with_default_directive(tracing::Level::INFO.into())
                .from_env()
                .context("RUST_LOG is not a log filter")?,
        )
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();

    let identity = Identity::load_or_create(&config.identity_path)?;
    let listeners = Listeners::bind(&config).await?;

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    ic_ws_gateway::run(listeners, identity, config, shutdown).await?;
    Ok(())
}
