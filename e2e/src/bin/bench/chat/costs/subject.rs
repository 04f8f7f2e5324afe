//! A chat with as many messages as one likes.

use anyhow::{Context, Result, ensure};
use chat_api::Metrics;
use e2e::{artifact, canister::Canister};
use ic_management_canister_types::{
    CanisterInstallMode, CanisterSettings, EnvironmentVariable, UpdateSettingsArgs,
};
use ic_ws_protocol::ClientKey;
use xtask::{
    build::{Artifacts, TestCanisters},
    layout::Layout,
};

use super::member::Member;
use crate::{
    chat::{UPDATE, metrics},
    instructions::Instructions,
    lean::{agent, principal},
    node::Node,
};

/// How many people are connected, all of them looking at the room.
const CONNECTED: u64 = 20;

/// Of how many calls a figure is the mean.
const CALLS: u64 = 10;

/// The chat canister, and whoever counts what it executes.
pub struct Subject {
    node: Node,
    instructions: Instructions,
    /// Called as its controller, who is the gateway of its clients as well.
    canister: Canister,
    product: Vec<u8>,
    filled: Vec<u8>,
    /// Of the next connection.
    nonce: u64,
}

impl Subject {
    /// A new chat, in which nothing was said yet.
    pub async fn install() -> Result<Self> {
        let layout = Layout::of_this_workspace();
        let (node, instructions) = Node::start_counting(None).await?;
        let product = artifact::read(&Artifacts::of(&layout).backend_wasm)?;
        Ok(Self {
            canister: node.install(&product).await?,
            node,
            instructions,
            product,
            filled: artifact::read(&TestCanisters::of(&layout).filled_chat)?,
            nonce: 0,
        })
    }

    /// Makes up messages until there are so many.
    pub async fn fill(&self, messages: u64) -> Result<()> {
        let before = self.metrics().await?.messages;
        let missing = messages.checked_sub(before).context("there are more")?;
        self.upgrade(&self.filled).await?;
        self.set_messages(missing).await?;
        self.upgrade(&self.product).await?;
        let now = self.metrics().await?.messages;
        ensure!(now == messages, "there are {now} messages, not {messages}");
        Ok(())
    }

    /// How many the module that is installed makes up when it is upgraded.
    async fn set_messages(&self, messages: u64) -> Result<()> {
        let variable = EnvironmentVariable {
            name: "MESSAGES".to_owned(),
            value: messages.to_string(),
        };
        let update = UpdateSettingsArgs {
            canister_id: self.canister.id,
            settings: CanisterSettings {
                environment_variables: Some(vec![variable]),
                ..Default::default()
            },
            sender_canister_version: None,
        };
        self.canister.management("update_settings", &update).await
    }

    async fn upgrade(&self, module: &[u8]) -> Result<()> {
        let upgrade = CanisterInstallMode::Upgrade(None);
        let arg = candid::encode_args(())?;
        self.canister.install(upgrade, module.to_vec(), arg).await
    }

    /// People who are connected, and look at the room.
    pub async fn connect(&mut self) -> Result<Vec<Member>> {
        let gateway = principal(&self.node.agent)?;
        let mut members = Vec::new();
        for number in 0..CONNECTED {
            self.nonce += 1;
            let agent = agent(&self.node, number);
            let key = ClientKey {
                client_principal: principal(&agent)?,
                client_nonce: self.nonce,
            };
            let canister = Canister::at(self.canister.id, &agent);
            members.push(Member::connect(canister, key, gateway).await?);
        }
        let enter = async {
            for (number, member) in members.iter_mut().enumerate() {
                member.enter(format!("Person {number}")).await?;
            }
            Ok(())
        };
        let messages = CONNECTED * Member::ENTERING;
        self.instructions.each(UPDATE, messages, enter).await?;
        Ok(members)
    }

    /// Closes their connections.
    pub async fn disconnect(&self, members: Vec<Member>) -> Result<()> {
        for member in members {
            member.disconnect(&self.canister).await?;
        }
        Ok(())
    }

    /// The instructions of a function that the call executes.
    pub async fn each(
        &self,
        function: &str,
        mut call: impl AsyncFnMut() -> Result<()>,
    ) -> Result<f64> {
        let calls = async {
            for _ in 0..CALLS {
                call().await?;
            }
            Ok(())
        };
        self.instructions.each(function, CALLS, calls).await
    }

    /// How much there is.
    pub async fn metrics(&self) -> Result<Metrics> {
        metrics(&self.canister).await
    }

    pub async fn stop(self) -> Result<()> {
        self.node.stop().await
    }
}
