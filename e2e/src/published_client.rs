//! The published JavaScript client, unmodified, in a Node.js process.

use std::process::Stdio;

use anyhow::{Context, Result};
use candid::Principal;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use crate::{network::Network, nodejs, wait::within_deadline};

/// A client with an identity of its own.
pub struct PublishedClient {
    _process: Child,
    input: Option<ChildStdin>,
    events: Lines<BufReader<ChildStdout>>,
}

/// What happens to the client.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// The connection is open.
    Opened(Principal),
    /// The canister sent a message.
    Message(serde_json::Value),
    /// The connection is over.
    Closed {
        /// The WebSocket close code.
        code: u16,
        /// The reason, as in the close frame.
        reason: String,
    },
}

impl PublishedClient {
    /// Connects to `canister`, whose Candid interface is `interface`, through the network's gateway.
    pub fn connect(network: &Network, canister: Principal, interface: &str) -> Result<Self> {
        let mut process = nodejs::command("published-client.mjs")
            .arg(declarations(interface)?)
            .args([&network.ic_url, &network.gateway_url, &canister.to_text()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run node")?;
        let output = process.stdout.take().context("node has no output")?;
        Ok(Self {
            input: process.stdin.take(),
            events: BufReader::new(output).lines(),
            _process: process,
        })
    }

    /// Sends a message, as JavaScript writes Candid values.
    pub async fn send(&mut self, message: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(message)? + "\n";
        let input = self.input.as_mut().context("the client is closed")?;
        Ok(input.write_all(line.as_bytes()).await?)
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// What happens next.
    pub async fn event(&mut self) -> Result<Event> {
        let line = within_deadline("the published client", self.events.next_line()).await??;
        let line = line.context("the published client ended: see its error above")?;
        serde_json::from_str(&line).context(line)
    }
}

/// What a developer generates from a Candid file to use a canister from JavaScript.
fn declarations(interface: &str) -> Result<String> {
    let source = candid_parser::utils::CandidSource::Text(interface);
    let (types, service) = source.load()?;
    Ok(candid_parser::bindings::javascript::compile(
        &types, &service,
    ))
}
