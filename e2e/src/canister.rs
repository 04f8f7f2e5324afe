//! A canister, called with typed arguments.

use anyhow::{Context, Result};
use candid::{
    CandidType, Decode, Encode, Principal, decode_args, encode_args,
    utils::{ArgumentDecoder, ArgumentEncoder},
};
use ic_agent::{Agent, AgentError, agent::RejectResponse};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
};
use serde::de::DeserializeOwned;

/// A canister of the network, called as the agent's identity.
#[derive(Clone)]
pub struct Canister {
    /// Its id.
    pub id: Principal,
    agent: Agent,
}

impl Canister {
    /// The canister with this id.
    pub fn at(id: Principal, agent: &Agent) -> Self {
        Self {
            id,
            agent: agent.clone(),
        }
    }

    /// A new canister that runs `module`, initialized with `args`.
    pub async fn create(
        agent: &Agent,
        module: Vec<u8>,
        args: impl ArgumentEncoder,
    ) -> Result<Self> {
        let management = Self::at(Principal::management_canister(), agent);
        let created: CanisterIdRecord = management
            .management(
                "provisional_create_canister_with_cycles",
                &ProvisionalCreateCanisterWithCyclesArgs::default(),
            )
            .await?;
        let canister = Self::at(created.canister_id, agent);
        canister
            .install(CanisterInstallMode::Install, module, encode_args(args)?)
            .await?;
        Ok(canister)
    }

    /// Installs `module`.
    pub async fn install(
        &self,
        mode: CanisterInstallMode,
        module: Vec<u8>,
        arg: Vec<u8>,
    ) -> Result<()> {
        let installation = InstallCodeArgs {
            mode,
            canister_id: self.id,
            wasm_module: module,
            arg,
            sender_canister_version: None,
        };
        let reply = self
            .management_raw("install_code", Encode!(&installation)?)
            .await?;
        Ok(Decode!(&reply)?)
    }

    /// Upgrades it to `module`.
    pub async fn upgrade(&self, module: Vec<u8>) -> Result<()> {
        let mode = CanisterInstallMode::Upgrade(None);
        self.install(mode, module, encode_args(())?).await
    }

    /// Stops it: it takes no calls until it is started.
    pub async fn stop(&self) -> Result<()> {
        self.set_running("stop_canister").await
    }

    /// Starts it.
    pub async fn start(&self) -> Result<()> {
        self.set_running("start_canister").await
    }

    async fn set_running(&self, method: &str) -> Result<()> {
        let canister = CanisterIdRecord {
            canister_id: self.id,
        };
        let reply = self.management_raw(method, Encode!(&canister)?).await?;
        Ok(Decode!(&reply)?)
    }

    /// Asks the management canister about this canister.
    pub async fn management<T>(&self, method: &str, argument: &impl CandidType) -> Result<T>
    where
        T: CandidType + DeserializeOwned,
    {
        let reply = self.management_raw(method, Encode!(argument)?).await?;
        Ok(Decode!(&reply, T)?)
    }

    async fn management_raw(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        Ok(self
            .agent
            .update(&Principal::management_canister(), method)
            .with_effective_canister_id(self.id)
            .with_arg(argument)
            .await?)
    }

    /// Calls an update method.
    pub async fn update<T>(&self, method: &str, args: impl ArgumentEncoder) -> Result<T>
    where
        T: for<'a> ArgumentDecoder<'a>,
    {
        let reply = self.update_raw(method, encode_args(args)?).await?;
        Ok(decode_args(&reply)?)
    }

    /// Calls an update method that does not speak Candid.
    pub async fn update_raw(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        let reply = self.agent.update(&self.id, method).with_arg(argument);
        Ok(reply.await?)
    }

    /// The bytes of a signed call of an update method, as the network takes it.
    pub fn signed_call(&self, method: &str, args: impl ArgumentEncoder) -> Result<Vec<u8>> {
        let call = self.agent.update(&self.id, method);
        let signed = call.with_arg(encode_args(args)?).sign()?;
        Ok(signed.signed_update)
    }

    /// Calls a query method.
    pub async fn query<T>(&self, method: &str, args: impl ArgumentEncoder) -> Result<T>
    where
        T: for<'a> ArgumentDecoder<'a>,
    {
        let argument = encode_args(args)?;
        let reply = self.agent.query(&self.id, method).with_arg(argument);
        Ok(decode_args(&reply.await?)?)
    }
}

/// What the network said when it rejected the call that ended with `result`.
pub fn rejection<T>(result: Result<T>) -> Result<RejectResponse> {
    let error = result.err().context("the call was not rejected")?;
    match error.downcast()? {
        AgentError::CertifiedReject { reject, .. }
        | AgentError::UncertifiedReject { reject, .. } => Ok(reject),
        other => Err(other.into()),
    }
}
