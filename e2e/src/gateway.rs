//! The gateway as a process of its own, which can be killed.

use std::{
    net::{Ipv4Addr, TcpListener},
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
    process: Child,
}

impl GatewayProcess {
    /// Starts a gateway to the network at `ic_url`, with the identity in that file.
    pub async fn start(ic_url: &str, identity: &Path) -> Result<Self> {
        let program = Artifacts::of(&Layout::of_this_workspace()).gateway;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let address = format!("127.0.0.1:{port}");
        let process = Command::new(program)
            .args(["--ic-network-url", ic_url, "--gateway-address", &address])
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
            process,
        })
    }

    /// Kills it, which leaves it no time to say or do anything.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}
