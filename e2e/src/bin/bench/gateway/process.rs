//! The gateway as a process of its own, and what it takes up.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, Result};
use e2e::{
    gateway::GatewayProcess,
    http::{Connection, Request},
};
use tempfile::TempDir;
use tokio::process::Command;
use xtask::process::die_with_parent;

use crate::{node::Node, usage::Usage};

/// All clients come from one address here, which is not what these limits are for.
const FLAGS: [&str; 3] = [
    "--max-connections=100000",
    "--max-connections-per-address=100000",
    "--max-message-rate-per-address=1000000",
];

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
        let mut connection = Connection::open(self.address()).await?;
        let metrics = connection.send(&Request::get("/metrics")).await?;
        let polls = std::str::from_utf8(metrics)?
            .lines()
            .filter_map(|line| line.strip_prefix("icws_gateway_polls_total{"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(polls.sum())
    }
}
