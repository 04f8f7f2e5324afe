//! The gateway as a process of its own, and what it takes up.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use e2e::{
    gateway::{GatewayProcess, metric},
    wait::until,
};
use tempfile::TempDir;
use tokio::process::Command;
use xtask::{build::Artifacts, layout::Layout, process::die_with_parent};

use crate::{node::Node, usage::Usage};

/// Not what is measured. All clients come from one address here.
const FLAGS: [&str; 4] = [
    "--max-connections=100000",
    "--max-connections-per-address=100000",
    "--max-message-rate-per-address=1000000",
    "--max-message-rate=100000",
];

/// More than wait by chance while all clients read.
const MANY_WAITING: f64 = 100.0;

/// The gateway as an operator runs it; in a quick run the development build, which is there anyway.
pub fn program(quick: bool) -> PathBuf {
    let artifacts = Artifacts::of(&Layout::of_this_workspace());
    match quick {
        true => artifacts.gateway,
        false => artifacts.optimised_gateway,
    }
}

/// A running gateway, with a new identity.
pub struct Gateway {
    process: GatewayProcess,
    // Dropped after what may write to it.
    _dir: TempDir,
}

impl Gateway {
    /// Starts `program` for the network.
    pub async fn start(program: &Path, node: &Node) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command.args(FLAGS);
        die_with_parent(&mut command);
        let url = format!("http://{}", node.address);
        let identity = dir.path().join("identity.pem");
        Ok(Self {
            process: GatewayProcess::start_as(command, &url, &identity).await?,
            _dir: dir,
        })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// What it takes up.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.process.id().context("the gateway has ended")?)
    }

    /// How often it has polled canisters.
    pub async fn polls(&self) -> Result<f64> {
        metric(self.address(), "icws_gateway_polls_total{").await
    }

    /// Waits until there are messages that it cannot pass on yet.
    pub async fn until_messages_wait(&self) -> Result<()> {
        until("a client that is too slow", || async {
            let waiting = metric(self.address(), "icws_gateway_outgoing_messages ").await?;
            Ok((waiting > MANY_WAITING).then_some(()))
        })
        .await
    }
}
