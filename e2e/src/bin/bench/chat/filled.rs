//! A past for a chat, made up: see the canister `filled-chat`.

use anyhow::Result;
use e2e::{artifact, canister::Canister};
use ic_management_canister_types::{CanisterSettings, EnvironmentVariable, UpdateSettingsArgs};
use xtask::{
    build::{Artifacts, TestCanisters},
    layout::Layout,
};

/// Adds so many messages to the first room of a chat canister, called as its controller.
pub async fn add_messages(backend: &Canister, messages: u64) -> Result<()> {
    let layout = Layout::of_this_workspace();
    let filled = artifact::read(&TestCanisters::of(&layout).filled_chat)?;
    backend.upgrade(filled).await?;
    set_messages(backend, messages).await?;
    let product = artifact::read(&Artifacts::of(&layout).backend_wasm)?;
    backend.upgrade(product).await
}

/// How many the module that is installed makes up when it is upgraded.
async fn set_messages(backend: &Canister, messages: u64) -> Result<()> {
    let variable = EnvironmentVariable {
        name: "MESSAGES".to_owned(),
        value: messages.to_string(),
    };
    let update = UpdateSettingsArgs {
        canister_id: backend.id,
        settings: CanisterSettings {
            environment_variables: Some(vec![variable]),
            ..Default::default()
        },
        sender_canister_version: None,
    };
    backend.management("update_settings", &update).await
}
