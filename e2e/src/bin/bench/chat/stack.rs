//! The chat as its users have it: network and gateway are processes of their own, and the network's state is on disk.

use std::path::Path;

use anyhow::Result;
use candid::Principal;
use chat_api::Metrics;
use e2e::canister::Canister;
use ic_agent::identity::BasicIdentity;
use tempfile::TempDir;
use xtask::{build::Artifacts, deploy, layout::Layout};

use super::metrics;
use crate::{
    gateway_process::Gateway,
    instructions::Instructions,
    node::{Node, state_dir},
};

pub struct Stack {
    pub gateway: Gateway,
    pub node: Node,
    pub instructions: Instructions,
    /// The chat canister.
    pub backend: Principal,
    pub page_url: String,
    // Dropped after what writes to it.
    _state: TempDir,
}

impl Stack {
    /// Starts everything; the gateway is this program.
    pub async fn start(gateway: &Path) -> Result<Self> {
        let state = state_dir()?;
        let (node, instructions) = Node::start_counting(Some(state.path())).await?;
        let gateway = Gateway::start(gateway, &node).await?;
        let deployed = deploy::deploy(
            &format!("http://{}", node.address),
            BasicIdentity::from_raw_key(&[1; 32]),
            &Artifacts::of(&Layout::of_this_workspace()),
            &format!("ws://{}", gateway.address()),
            &Default::default(),
        )
        .await?;
        Ok(Self {
            page_url: deployed.page_url(node.address.port()),
            backend: deployed.backend,
            gateway,
            node,
            instructions,
            _state: state,
        })
    }

    /// How much there is in the chat.
    pub async fn metrics(&self) -> Result<Metrics> {
        metrics(&self.controlled_backend()).await
    }

    /// The chat canister, called as its controller.
    pub fn controlled_backend(&self) -> Canister {
        Canister::at(self.backend, &self.node.agent)
    }

    pub async fn stop(self) -> Result<()> {
        drop(self.gateway);
        self.node.stop().await
    }
}
