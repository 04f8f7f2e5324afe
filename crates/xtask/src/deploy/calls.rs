//! Who carries the calls of a deployment.

use anyhow::{Context, Result};
use candid::Principal;
use ic_agent::Agent;

/// Calls one canister.
pub(crate) trait Calls {
    /// Sends a query call; gives the Candid-encoded reply.
    async fn query(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>>;

    /// Sends an update call and waits for it; gives the Candid-encoded reply.
    async fn update(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>>;
}

/// An agent's calls to the canister `id`.
pub(super) struct AgentCalls<'a> {
    pub agent: &'a Agent,
    pub id: Principal,
}

impl Calls for AgentCalls<'_> {
    async fn query(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        let query = self.agent.query(&self.id, method).with_arg(argument);
        query.await.with_context(|| format!("{method} failed"))
    }

    async fn update(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        let update = self.agent.update(&self.id, method).with_arg(argument);
        update.await.with_context(|| format!("{method} failed"))
    }
}
