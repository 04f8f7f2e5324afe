//! Canisters installed, upgraded, emptied, brought back and deleted while the network is killed.

use std::time::Duration;

use candid::{Decode, Principal};
use ic_agent::AgentError;
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, LoadCanisterSnapshotArgs, Snapshot,
    TakeCanisterSnapshotArgs,
};
use sha2::{Digest as _, Sha256};

use crate::process::{CERTIFICATE, Process, State, random};

const ROUNDS: usize = 40;
const LONGEST_LIFE_MS: u64 = 40;
const VERSIONS: u8 = 4;

/// A canister that says `version` in heap, global, stable memory and certified data. Its heap has as many Wasm pages,
/// all filled.
fn module(version: u8) -> Vec<u8> {
    let wat = format!(
        r#"(module
    (import "ic0" "msg_reply_data_append" (func $reply_append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
    (import "ic0" "data_certificate_size" (func $certificate_size (result i32)))
    (import "ic0" "data_certificate_copy" (func $certificate_copy (param i32 i32 i32)))
    (import "ic0" "stable64_size" (func $stable_size (result i64)))
    (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
    (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
    (import "ic0" "stable64_read" (func $stable_read (param i64 i64 i64)))
    (memory {version})
    (global $version (mut i32) (i32.const 0))
    (func $say
        (global.set $version (i32.const {version}))
        (memory.fill (i32.const 0) (i32.const {version}) (i32.mul (memory.size) (i32.const 65536)))
        (if (i64.eqz (call $stable_size)) (then (drop (call $stable_grow (i64.const 1)))))
        (call $stable_write (i64.const 0) (i64.const 0) (i64.const 65536))
        (call $certify (i32.const 0) (i32.const 1)))
    (func (export "canister_init") (call $say))
    (func (export "canister_post_upgrade") (call $say))
    (func (export "canister_query say")
        (call $reply_append (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 1))
        (call $reply_append (i32.const 0) (i32.const 1))
        (call $stable_read (i64.const 0) (i64.const 65535) (i64.const 1))
        (call $reply_append (i32.const 0) (i32.const 1))
        (i32.store8 (i32.const 0) (global.get $version))
        (call $reply_append (i32.const 0) (i32.const 1))
        (i32.store8 (i32.const 0) (memory.size))
        (call $reply_append (i32.const 0) (i32.const 1))
        (call $reply))
    {CERTIFICATE})"#
    );
    wat::parse_str(wat).unwrap()
}

/// Takes a snapshot, in place of the oldest one once there are two.
async fn take_snapshot(process: &Process, id: Principal) -> Result<(), AgentError> {
    let snapshots = snapshots(process, id).await?;
    let args = TakeCanisterSnapshotArgs {
        canister_id: id,
        replace_snapshot: snapshots.get(1).map(|_| snapshots[0].id.clone()),
        uninstall_code: None,
        sender_canister_version: None,
    };
    let taken = process.manage("take_canister_snapshot", id, &args).await;
    taken.map(drop)
}

/// Goes back to any of the snapshots, if there is one.
async fn load_snapshot(process: &Process, id: Principal) -> Result<(), AgentError> {
    let snapshots = snapshots(process, id).await?;
    if snapshots.is_empty() {
        return Ok(());
    }
    let snapshot = &snapshots[random(snapshots.len() as u64) as usize];
    let args = LoadCanisterSnapshotArgs {
        canister_id: id,
        snapshot_id: snapshot.id.clone(),
        sender_canister_version: None,
    };
    let loaded = process.manage("load_canister_snapshot", id, &args).await;
    loaded.map(drop)
}

async fn snapshots(process: &Process, id: Principal) -> Result<Vec<Snapshot>, AgentError> {
    let args = CanisterIdRecord { canister_id: id };
    let listed = process.manage("list_canister_snapshots", id, &args).await?;
    Ok(Decode!(&listed, Vec<Snapshot>).unwrap())
}

/// Installs and removes until the network is gone.
async fn administrate(process: &Process, id: Principal) -> Result<(), AgentError> {
    let canister = CanisterIdRecord { canister_id: id };
    loop {
        let wasm = module(1 + random(VERSIONS.into()) as u8);
        let mode = match random(6) {
            0 => CanisterInstallMode::Install,
            1..4 => CanisterInstallMode::Reinstall,
            _ => CanisterInstallMode::Upgrade(None),
        };
        let installed = process.install(mode, id, &wasm).await;
        let done = match random(8) {
            0 => process
                .manage("uninstall_code", id, &canister)
                .await
                .map(drop),
            1 => {
                process.manage("stop_canister", id, &canister).await?;
                process.manage("delete_canister", id, &canister).await?;
                process.create(Some(id)).await.map(drop)
            }
            2..5 => take_snapshot(process, id).await,
            5 => load_snapshot(process, id).await,
            _ => Ok(()),
        };
        for result in [installed, done] {
            match result {
                // What the canister is at the moment decides whether it can be installed or upgraded.
                Ok(()) | Err(AgentError::CertifiedReject { .. }) => {}
                Err(gone) => return Err(gone),
            }
        }
    }
}

/// Whatever the canister is, or goes back to, it is that in all its parts.
async fn check(process: &Process, id: Principal) {
    if process.state(id, "controllers").await.is_none() {
        process.create(Some(id)).await.unwrap();
        return;
    }
    let canister = CanisterIdRecord { canister_id: id };
    process
        .manage("start_canister", id, &canister)
        .await
        .unwrap();
    if random(2) == 0 {
        load_snapshot(process, id).await.unwrap();
    }
    let Some(hash) = process.state(id, "module_hash").await else {
        return;
    };
    let is_it = |version: &u8| Sha256::digest(module(*version))[..] == hash;
    let version = (1..=VERSIONS)
        .find(is_it)
        .expect("a module nobody installed");
    assert_eq!(process.certified_data(id).await, [version]);
    let said = process.agent.query(&id, "say").call().await.unwrap();
    assert_eq!(said, [version; 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canisters_are_installed_and_removed_as_a_whole() {
    let state = State::new().await;
    let mut process = state.start().await;
    let id = process.create(None).await.unwrap();
    for _ in 0..ROUNDS {
        let life = Duration::from_millis(random(LONGEST_LIFE_MS));
        let _ = tokio::time::timeout(life, administrate(&process, id)).await;
        process.kill().await;
        process = state.start().await;
        check(&process, id).await;
    }
}
