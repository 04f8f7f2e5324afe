//! A chat with as many messages as one likes.

use anyhow::{Context, Result, ensure};
use chat_api::Metrics;
use e2e::{artifact, canister::Canister};
use ic_ws_protocol::ClientKey;
use xtask::{build::Artifacts, layout::Layout};

use super::member::Member;
use crate::{
    chat::{UPDATE, filled, metrics},
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
    /// Of the next connection.
    nonce: u64,
}

impl Subject {
    /// A new chat, in which nothing was said yet.
    pub async fn install() -> Result<Self> {
        let (node, instructions) = Node::start_counting(None).await?;
        let product = artifact::read(&Artifacts::of(&Layout::of_this_workspace()).backend_wasm)?;
        Ok(Self {
            canister: node.install(&product).await?,
            node,
            instructions,
            nonce: 0,
        })
    }

    /// Makes up messages until there are so many.
    pub async fn fill(&self, messages: u64) -> Result<()> {
        let before = self.metrics().await?.messages;
        let missing = messages.checked_sub(before).context("there are more")?;
        filled::add_messages(&self.canister, missing).await?;
        let now = self.metrics().await?.messages;
        ensure!(now == messages, "there are {now} messages, not {messages}");
        Ok(())
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
