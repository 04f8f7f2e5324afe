//! Snapshots: what a canister goes back to, who may make it, and what that takes.

use candid::{Decode, Principal};
use ic_localnet::network::{NetworkLimits, Rejection};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, CanisterSettings, DeleteCanisterSnapshotArgs,
    LoadCanisterSnapshotArgs, Snapshot, SnapshotVisibility, TakeCanisterSnapshotArgs,
    UploadChunkArgs,
};

use crate::support::{STATEFUL, TestNet, canister, stranger, user, wasm};

async fn take_with(net: &TestNet, args: TakeCanisterSnapshotArgs) -> Result<Snapshot, Rejection> {
    let reply = net.manage("take_canister_snapshot", args).await?;
    Ok(Decode!(&reply, Snapshot).unwrap())
}

fn taking(canister_id: Principal) -> TakeCanisterSnapshotArgs {
    TakeCanisterSnapshotArgs {
        canister_id,
        replace_snapshot: None,
        uninstall_code: None,
        sender_canister_version: None,
    }
}

pub async fn take(net: &TestNet, canister_id: Principal) -> Snapshot {
    take_with(net, taking(canister_id)).await.unwrap()
}

fn loading(canister_id: Principal, snapshot: &Snapshot) -> LoadCanisterSnapshotArgs {
    LoadCanisterSnapshotArgs {
        canister_id,
        snapshot_id: snapshot.id.clone(),
        sender_canister_version: None,
    }
}

pub async fn load(
    net: &TestNet,
    canister_id: Principal,
    snapshot: &Snapshot,
) -> Result<(), Rejection> {
    let args = loading(canister_id, snapshot);
    net.manage("load_canister_snapshot", args).await.map(drop)
}

fn deleting(canister_id: Principal, snapshot: &Snapshot) -> DeleteCanisterSnapshotArgs {
    DeleteCanisterSnapshotArgs {
        canister_id,
        snapshot_id: snapshot.id.clone(),
    }
}

async fn delete(net: &TestNet, canister_id: Principal, snapshot: &Snapshot) {
    let args = deleting(canister_id, snapshot);
    net.manage("delete_canister_snapshot", args).await.unwrap();
}

async fn list(net: &TestNet, canister_id: Principal) -> Vec<Snapshot> {
    let args = CanisterIdRecord { canister_id };
    let reply = net.manage("list_canister_snapshots", args).await.unwrap();
    Decode!(&reply, Vec<Snapshot>).unwrap()
}

#[tokio::test]
async fn a_canister_goes_back_to_what_it_was_as_often_as_it_likes() {
    let net = TestNet::new();
    let id = net.deploy(STATEFUL).await;
    net.call(id, "set", [1]).await.unwrap();
    let before = net.status(id).await;
    let snapshot = take(&net, id).await;
    let with_snapshot = net.status(id).await;
    let size = snapshot.total_size;
    assert_eq!(with_snapshot.version, before.version);
    assert_eq!(with_snapshot.memory_metrics.snapshots_size, size);
    assert_eq!(with_snapshot.memory_size, before.memory_size.clone() + size);
    // Heap, stable memory and module, and a byte of certified data.
    assert_eq!(size, 3 * 65_536 + wasm(STATEFUL).len() as u64 + 1);

    for change in 2..4 {
        net.call(id, "set", [change]).await.unwrap();
        net.upgrade(id, "(module (memory 5))").await.unwrap();
        load(&net, id, &snapshot).await.unwrap();
        assert_eq!(net.query(id, "get", []).await.unwrap(), [1, 1, 1]);
        assert_eq!(net.certified_data(id), [1]);
        let after = net.status(id).await;
        assert_eq!(after.module_hash, before.module_hash);
        assert_eq!(after.memory_size, with_snapshot.memory_size);
    }
    // Taking changes nothing of the canister; each call, upgrade and loading counts.
    assert_eq!(net.status(id).await.version, before.version + 6);
    net.call(id, "set", [9]).await.unwrap();
    assert_eq!(net.query(id, "get", []).await.unwrap(), [9, 9, 9]);
    assert_eq!(list(&net, id).await, [snapshot]);
}

#[tokio::test]
async fn an_old_snapshot_makes_room_for_a_new_one() {
    let net = TestNet::new();
    let id = net.deploy(STATEFUL).await;
    let mut snapshots = Vec::new();
    for n in 0..10 {
        net.call(id, "set", [n]).await.unwrap();
        snapshots.push(take(&net, id).await);
    }
    let refused = take_with(&net, taking(id)).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0406");
    assert!(
        refused.message.contains("maximum number of snapshots"),
        "{refused}"
    );
    let replacing = TakeCanisterSnapshotArgs {
        replace_snapshot: Some(snapshots.remove(3).id),
        ..taking(id)
    };
    snapshots.push(take_with(&net, replacing.clone()).await.unwrap());
    assert_eq!(list(&net, id).await, snapshots);
    let refused = take_with(&net, replacing).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0305");

    let deleted = snapshots.remove(0);
    delete(&net, id, &deleted).await;
    let refused = load(&net, id, &deleted).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0305");
    // No id is given twice.
    snapshots.push(take(&net, id).await);
    assert_eq!(list(&net, id).await, snapshots);
    assert_eq!(snapshots[9].id[..8], 11_u64.to_be_bytes());
    load(&net, id, &snapshots[0]).await.unwrap();
    assert_eq!(net.query(id, "get", []).await.unwrap(), [1, 1, 1]);
}

#[tokio::test]
async fn only_controllers_handle_snapshots_and_those_they_let_may_list_them() {
    let net = TestNet::new();
    let id = net.deploy(STATEFUL).await;
    let snapshot = take(&net, id).await;
    let refusals = [
        net.manage_as(stranger(), "take_canister_snapshot", taking(id))
            .await,
        net.manage_as(stranger(), "load_canister_snapshot", loading(id, &snapshot))
            .await,
        net.manage_as(
            stranger(),
            "delete_canister_snapshot",
            deleting(id, &snapshot),
        )
        .await,
    ];
    for refused in refusals {
        assert_eq!(&*refused.unwrap_err().error_code, "IC0512");
    }
    for (visibility, may) in [
        (SnapshotVisibility::Controllers, false),
        (SnapshotVisibility::Public, true),
        (SnapshotVisibility::AllowedViewers(vec![user()]), false),
        (SnapshotVisibility::AllowedViewers(vec![stranger()]), true),
    ] {
        let settings = CanisterSettings {
            snapshot_visibility: Some(visibility),
            ..CanisterSettings::default()
        };
        net.update_settings(id, settings).await.unwrap();
        let args = CanisterIdRecord { canister_id: id };
        let listed = net
            .manage_as(stranger(), "list_canister_snapshots", args)
            .await;
        assert_eq!(listed.is_ok(), may);
    }
}

#[tokio::test]
async fn a_snapshot_can_become_another_canister_of_the_same_controller() {
    let net = TestNet::new();
    let (one, other) = (net.deploy(STATEFUL).await, net.create().await);
    net.call(one, "set", [5]).await.unwrap();
    let refused = take_with(&net, taking(other)).await.unwrap_err();
    assert!(refused.message.contains("empty canister"), "{refused}");
    let snapshot = take(&net, one).await;
    load(&net, other, &snapshot).await.unwrap();
    net.call(one, "set", [6]).await.unwrap();
    assert_eq!(net.query(other, "get", []).await.unwrap(), [5, 5, 5]);

    let args = deleting(other, &snapshot);
    let refused = net.manage("delete_canister_snapshot", args).await;
    let refused = refused.unwrap_err();
    assert!(refused.message.contains("does not belong"), "{refused}");
    let settings = CanisterSettings {
        controllers: Some(vec![stranger()]),
        ..CanisterSettings::default()
    };
    net.update_settings(one, settings).await.unwrap();
    let refused = load(&net, other, &snapshot).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0512");
}

#[tokio::test]
async fn a_canister_that_is_emptied_with_its_snapshot_can_be_brought_back() {
    let net = TestNet::new();
    let id = net.deploy(STATEFUL).await;
    net.call(id, "set", [5]).await.unwrap();
    let args = UploadChunkArgs {
        canister_id: id,
        chunk: b"piece".to_vec(),
    };
    net.manage("upload_chunk", args).await.unwrap();
    let chunks = async || {
        let args = CanisterIdRecord { canister_id: id };
        net.manage("stored_chunks", args).await.unwrap()
    };
    let stored = chunks().await;
    let emptying = TakeCanisterSnapshotArgs {
        uninstall_code: Some(true),
        ..taking(id)
    };
    let snapshot = take_with(&net, emptying).await.unwrap();
    assert_eq!(net.status(id).await.module_hash, None);
    assert_ne!(chunks().await, stored);
    load(&net, id, &snapshot).await.unwrap();
    assert_eq!(net.query(id, "get", []).await.unwrap(), [5, 5, 5]);
    assert_eq!(chunks().await, stored);
}

/// How many rows the tables have that snapshots are kept in.
fn rows(dir: &std::path::Path) -> [i64; 5] {
    let database = rusqlite::Connection::open(dir.join("state.sqlite")).unwrap();
    ["snapshot", "module", "heap", "stable", "chunk"].map(|table| {
        let count = format!("SELECT count(*) FROM {table}");
        database.query_row(&count, [], |row| row.get(0)).unwrap()
    })
}

#[tokio::test]
async fn snapshots_survive_as_long_as_their_canister_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let id = net.deploy(STATEFUL).await;
    let args = UploadChunkArgs {
        canister_id: id,
        chunk: b"piece".to_vec(),
    };
    net.manage("upload_chunk", args).await.unwrap();
    let mut snapshots = Vec::new();
    for n in 1..4 {
        net.call(id, "set", [n]).await.unwrap();
        snapshots.push(take(&net, id).await);
    }
    delete(&net, id, &snapshots.remove(1)).await;
    net.install(CanisterInstallMode::Reinstall, id, wasm("(module)"))
        .await
        .unwrap();
    net.network.shutdown().await.unwrap();
    drop(net);
    // Two with pages of a heap, a page of stable memory and a chunk each, and the canister's chunk.
    assert_eq!(rows(dir.path()), [2, 2, 4, 2, 3]);

    let net = TestNet::in_dir(dir.path());
    assert_eq!(list(&net, id).await, snapshots);
    load(&net, id, &snapshots[1]).await.unwrap();
    net.network.shutdown().await.unwrap();
    drop(net);
    // Also its history is there, with what was loaded.
    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.query(id, "get", []).await.unwrap(), [3, 3, 3]);
    load(&net, id, &snapshots[0]).await.unwrap();
    assert_eq!(net.query(id, "get", []).await.unwrap(), [1, 1, 1]);
    assert_eq!(take(&net, id).await.id[..8], 3_u64.to_be_bytes());

    let args = CanisterIdRecord { canister_id: id };
    net.manage("stop_canister", args.clone()).await.unwrap();
    net.manage("delete_canister", args).await.unwrap();
    let other = net.create().await;
    let refused = load(&net, other, &snapshots[0]).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0305");
    net.network.shutdown().await.unwrap();
    drop(net);
    assert_eq!(rows(dir.path()), [0; 5]);
}

#[tokio::test]
async fn canisters_share_their_space_with_snapshots() {
    let net = TestNet::with_limits(NetworkLimits {
        all_heap_bytes: 3 * 65_536,
        all_stable_bytes: 2 * 4096,
        all_chunk_bytes: 10,
        ..NetworkLimits::default()
    });
    let grower = canister(
        r#"(func (export "canister_update grow")
        (drop (call $grow (i64.const 1)))
        (call $write (i64.const 0) (i64.const 0) (i64.const 4097))
        (call $reply (i32.const 0)))"#,
    );
    let full = async |id, what: &str| {
        let refused = take_with(&net, taking(id)).await.unwrap_err();
        assert_eq!(&*refused.error_code, "IC0507");
        assert!(refused.message.contains(what), "{refused}");
    };
    let id = net.deploy(&grower).await;
    let chunk = |bytes| UploadChunkArgs {
        canister_id: id,
        chunk: vec![0; bytes],
    };
    net.manage("upload_chunk", chunk(5)).await.unwrap();
    let small = take(&net, id).await;
    let refused = net.manage("upload_chunk", chunk(1)).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0507");
    full(id, "chunks").await;
    let args = CanisterIdRecord { canister_id: id };
    net.manage("clear_chunk_store", args).await.unwrap();
    net.call(id, "grow", []).await.unwrap();
    full(id, "stable memory").await;
    let second = net.deploy("(module (memory 1))").await;
    full(second, "heaps").await;
    let refused = load(&net, net.create().await, &small).await.unwrap_err();
    assert!(refused.message.contains("heaps"), "{refused}");
    // What it replaces makes room.
    load(&net, id, &small).await.unwrap();
    let replacing = TakeCanisterSnapshotArgs {
        replace_snapshot: Some(small.id),
        ..taking(id)
    };
    take_with(&net, replacing).await.unwrap();
}
