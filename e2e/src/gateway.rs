//! The gateway as a process of its own, which can be killed.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use xtask::{build::Artifacts, layout::Layout};

use crate::wait::until;

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
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let process = command
            .args(["--ic-network-url", ic_url, "--gateway-address"])
            .arg(address.to_string())
            .arg("--identity-path")
            .arg(identity)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the gateway is not built: run scripts/test, which builds it first")?;
        let health = format!("http://{address}/health");
        until("the gateway", || async {
            Ok(reqwest::get(&health).await.ok())
        })
        .await?;
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
