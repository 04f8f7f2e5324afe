//! One canister's life, through the management canister.

use anyhow::{Context, Result};
use candid::{CandidType, Decode, Encode, Principal};
use ic_agent::{Agent, AgentError};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, CanisterSettings, ChunkHash, EnvironmentVariable,
    InstallChunkedCodeArgs, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
    UpdateSettingsArgs, UploadChunkArgs,
};
use sha2::{Digest, Sha256};

/// A call carries at most 2 MiB, the envelope around the module included.
const MAX_MODULE_IN_ONE_CALL: usize = 2 * 1024 * 1024 - 64 * 1024;
/// The chunk store's own limit.
const CHUNK: usize = 1024 * 1024;
/// The first id of a network's default range: it routes the creation of a canister, which has no id yet.
const FIRST_CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);

/// A canister that exists.
pub(super) struct Canister<'a> {
    agent: &'a Agent,
    id: Principal,
}

impl<'a> Canister<'a> {
    /// The known canister, or a new one if the network does not have it.
    pub(super) async fn find_or_create(
        agent: &'a Agent,
        known: Option<&Principal>,
    ) -> Result<Self> {
        if let Some(&id) = known
            && present(agent.read_state_canister_controllers(id).await)?.is_some()
        {
            return Ok(Self { agent, id });
        }
        let create = ProvisionalCreateCanisterWithCyclesArgs {
            amount: None,
            settings: None,
            specified_id: None,
            sender_canister_version: None,
        };
        let reply = management(
            agent,
            FIRST_CANISTER,
            "provisional_create_canister_with_cycles",
            &create,
        )
        .await?;
        let id = Decode!(&reply, CanisterIdRecord)?.canister_id;
        Ok(Self { agent, id })
    }

    pub(super) fn id(&self) -> Principal {
        self.id
    }

    /// Sets the canister's environment variables, and no others.
    pub(super) async fn set_environment(&self, variables: &[(String, String)]) -> Result<()> {
        let variables = variables
            .iter()
            .map(|(name, value)| EnvironmentVariable {
                name: name.clone(),
                value: value.clone(),
            })
            .collect();
        let update = UpdateSettingsArgs {
            canister_id: self.id,
            settings: CanisterSettings {
                environment_variables: Some(variables),
                ..Default::default()
            },
            sender_canister_version: None,
        };
        self.management("update_settings", &update).await?;
        Ok(())
    }

    /// Installs `module`, or upgrades to it if another one is installed.
    pub(super) async fn install(&self, module: &[u8]) -> Result<()> {
        let installed = present(self.agent.read_state_canister_module_hash(self.id).await)?;
        let hash = Sha256::digest(module).to_vec();
        let mode = match installed {
            Some(installed) if installed == hash => return Ok(()),
            Some(_) => CanisterInstallMode::Upgrade(None),
            None => CanisterInstallMode::Install,
        };
        if module.len() <= MAX_MODULE_IN_ONE_CALL {
            let install = InstallCodeArgs {
                mode,
                canister_id: self.id,
                wasm_module: module.to_vec(),
                arg: Encode!()?,
                sender_canister_version: None,
            };
            self.management("install_code", &install).await?;
        } else {
            let install = InstallChunkedCodeArgs {
                mode,
                target_canister: self.id,
                store_canister: None,
                chunk_hashes_list: self.upload(module).await?,
                wasm_module_hash: hash,
                arg: Encode!()?,
                sender_canister_version: None,
            };
            self.management("install_chunked_code", &install).await?;
            self.clear_chunks().await?;
        }
        Ok(())
    }

    async fn upload(&self, module: &[u8]) -> Result<Vec<ChunkHash>> {
        self.clear_chunks().await?;
        let mut hashes = Vec::new();
        for chunk in module.chunks(CHUNK) {
            let upload = UploadChunkArgs {
                canister_id: self.id,
                chunk: chunk.to_vec(),
            };
            let reply = self.management("upload_chunk", &upload).await?;
            hashes.push(Decode!(&reply, ChunkHash)?);
        }
        Ok(hashes)
    }

    async fn clear_chunks(&self) -> Result<()> {
        self.management(
            "clear_chunk_store",
            &CanisterIdRecord {
                canister_id: self.id,
            },
        )
        .await?;
        Ok(())
    }

    async fn management(&self, method: &str, argument: &impl CandidType) -> Result<Vec<u8>> {
        management(self.agent, self.id, method, argument).await
    }
}

async fn management(
    agent: &Agent,
    effective: Principal,
    method: &str,
    argument: &impl CandidType,
) -> Result<Vec<u8>> {
    agent
        .update(&Principal::management_canister(), method)
        .with_effective_canister_id(effective)
        .with_arg(Encode!(argument)?)
        .await
        .with_context(|| format!("{method} failed"))
}

/// What the network's certified state says; `None` where it says that there is no such thing.
fn present<T>(looked_up: Result<T, AgentError>) -> Result<Option<T>> {
    match looked_up {
        Ok(value) => Ok(Some(value)),
        Err(AgentError::LookupPathAbsent(_)) => Ok(None),
        Err(error) => Err(error).context("cannot read the network's state"),
    }
}
