//! The gateway as a process of its own, which can be killed.

use std::{net::SocketAddr, path::Path, process::Stdio};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, BufReader, Lines},
    process::{Child, Command},
};
use xtask::{build::Artifacts, layout::Layout};

use crate::{
    http::{Connection, Request},
    wait::within_deadline,
};

/// Errors, and where it listens.
const LOGGED: &str = "error,ic_ws_gateway::server=info";

/// A running gateway. Dropping it kills it.
pub struct GatewayProcess {
    /// Where WebSocket clients connect to.
    pub url: String,
    /// The same as an address.
    pub address: SocketAddr,
    process: Child,
}

impl GatewayProcess {
    /// Starts a gateway to the network at `ic_url`, with the identity in that file.
    pub async fn start(ic_url: &str, identity: &Path) -> Result<Self> {
        let program = Artifacts::of(&Layout::of_this_workspace()).gateway;
        Self::start_as(Command::new(program), ic_url, identity).await
    }

    /// The same with a command that may have further flags.
    pub async fn start_as(mut command: Command, ic_url: &str, identity: &Path) -> Result<Self> {
        let mut process = command
            .env("RUST_LOG", LOGGED)
            .args(["--ic-network-url", ic_url])
            .args(["--gateway-address", "127.0.0.1:0", "--identity-path"])
            .arg(identity)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the gateway is not built: run scripts/test, which builds it first")?;
        let log = process.stderr.take().context("it has no log")?;
        let mut log = BufReader::new(log).lines();
        let address = within_deadline("the gateway", address(&mut log)).await??;
        // It would wait for somebody to read its log.
        tokio::spawn(async move {
            while let Ok(Some(line)) = log.next_line().await {
                eprintln!("{line}");
            }
        });
        Ok(Self {
            url: format!("ws://{address}"),
            address,
            process,
        })
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Kills it, which leaves it no time to say or do anything.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

/// The sum of those metrics of the gateway at `address` whose lines start with `prefix`.
pub async fn metric(address: SocketAddr, prefix: &str) -> Result<f64> {
    let mut connection = Connection::open(address).await?;
    let metrics = connection.send(&Request::get("/metrics")).await?;
    let values = std::str::from_utf8(metrics)?
        .lines()
        .filter(|line| line.starts_with(prefix))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(values.sum())
}

/// Where it says that it listens.
async fn address(log: &mut Lines<impl AsyncBufRead + Unpin>) -> Result<SocketAddr> {
    while let Some(line) = log.next_line().await? {
        eprintln!("{line}");
        if let Some((_, rest)) = line.split_once(" address=") {
            let address = rest.split_whitespace().next();
            return Ok(address.unwrap_or_default().parse()?);
        }
    }
    bail!("the gateway has ended")
}
