//! The gateway as a program: command line, logs, signals.

use std::env;

use ic_ws_gateway::{Config, Identity, Listeners};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::load(env::args_os(), env::vars_os()).unwrap_or_else(|error| error.exit());
    tokio::spawn(ic_ws_gateway::init_log(&config.telemetry)?.report());

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
