//! The management canister: who may call what, and what it does to canisters besides running their code.

use candid::{CandidType, Decode, Encode, Principal, Reserved};
use ic_localnet::network::Rejection;
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInfoArgs, CanisterInfoResult, CanisterInstallMode,
    CanisterMetadataArgs, CanisterMetadataResult, CanisterSettings, ChangeDetails, ChangeOrigin,
    CodeDeploymentMode, CreationRecord, LoadSnapshotRecord, SnapshotSource,
};

use crate::{
    snapshots::{load, take},
    support::{MANAGEMENT, TestNet, call, canister, stranger, user, wasm},
};

/// `manage` calls a method of the management canister. Its argument is the length of the method's name in a byte, the
/// name, and the argument. It answers the reply, or rejects as it was rejected.
fn manager() -> String {
    canister(
        r#"(table funcref (elem $on_reply $on_reject))
    (func (export "canister_update manage")
        (local $name_size i32)
        (call $arg_copy (i32.const 1000) (i32.const 0) (call $arg_size))
        (local.set $name_size (i32.load8_u (i32.const 1000)))
        (call $call_new (i32.const 0) (i32.const 0) (i32.const 1001) (local.get $name_size)
            (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
        (call $call_append (i32.add (i32.const 1001) (local.get $name_size))
            (i32.sub (call $arg_size) (i32.add (i32.const 1) (local.get $name_size))))
        (drop (call $perform)))
    (func $on_reply (param i32)
        (call $arg_copy (i32.const 1000) (i32.const 0) (call $arg_size))
        (call $append (i32.const 1000) (call $arg_size))
        (call $msg_reply))
    (func $on_reject (param i32)
        (call $reject_copy (i32.const 1000) (i32.const 0) (call $reject_size))
        (call $reject (i32.const 1000) (call $reject_size)))"#,
    )
}

/// Calls a method of the management canister in the name of a canister.
async fn manage_as<T: CandidType>(
    net: &TestNet,
    manager: Principal,
    method: &str,
    args: T,
) -> Result<Vec<u8>, Rejection> {
    let mut arg = vec![method.len() as u8];
    arg.extend(method.as_bytes());
    arg.extend(Encode!(&args).unwrap());
    net.call(manager, "manage", arg).await
}

#[tokio::test]
async fn users_may_call_what_the_specification_lets_them_call() {
    let net = TestNet::new();
    let canister_id = net.deploy("(module)").await;
    let stranger = stranger();
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 255, 255, 1, 1]);
    let controllers_only = "IC0512";
    let canisters_only = "IC0406";
    let received = "";
    for (method, answer) in [
        ("canister_info", canisters_only),
        ("canister_metadata", canisters_only),
        ("create_canister", canisters_only),
        ("deposit_cycles", canisters_only),
        ("raw_rand", canisters_only),
        ("fetch_canister_logs", canisters_only),
        ("clear_chunk_store", controllers_only),
        ("delete_canister", controllers_only),
        ("install_code", controllers_only),
        ("start_canister", controllers_only),
        ("stop_canister", controllers_only),
        ("take_canister_snapshot", controllers_only),
        ("list_canister_snapshots", controllers_only),
        ("load_canister_snapshot", controllers_only),
        ("delete_canister_snapshot", controllers_only),
        ("stored_chunks", controllers_only),
        ("uninstall_code", controllers_only),
        ("update_settings", controllers_only),
        ("upload_chunk", controllers_only),
        ("provisional_create_canister_with_cycles", received),
        ("provisional_top_up_canister", received),
    ] {
        let arg = Encode!(&CanisterIdRecord { canister_id }).unwrap();
        let submitted = net.submit(call(stranger, MANAGEMENT, method, arg)).await;
        let code = submitted.map_or_else(|refused| refused.error_code, |_| received.into());
        assert_eq!(code, answer, "{method}");
    }
    let arg = Encode!(&CanisterIdRecord {
        canister_id: nobody
    })
    .unwrap();
    let refused = net
        .submit(call(user(), MANAGEMENT, "start_canister", arg))
        .await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0301");
}

#[tokio::test]
async fn canisters_may_manage_those_they_control_and_in_part_themselves() {
    let net = TestNet::new();
    let manager = net.deploy(&manager()).await;
    let other = net.deploy("(module)").await;
    let own = async |method| {
        let record = CanisterIdRecord {
            canister_id: manager,
        };
        manage_as(&net, manager, method, record).await
    };
    for method in ["canister_status", "stored_chunks", "clear_chunk_store"] {
        own(method).await.unwrap();
    }
    for method in [
        "start_canister",
        "uninstall_code",
        "delete_canister",
        "list_canister_snapshots",
    ] {
        let refused = own(method).await.unwrap_err();
        assert!(
            refused.message.contains("Only the controllers"),
            "{refused}"
        );
    }
    let record = CanisterIdRecord { canister_id: other };
    let refused = manage_as(&net, manager, "canister_status", record.clone()).await;
    assert!(
        refused
            .unwrap_err()
            .message
            .contains("Only the controllers")
    );
    let settings = CanisterSettings {
        controllers: Some(vec![manager]),
        ..CanisterSettings::default()
    };
    net.update_settings(other, settings).await.unwrap();
    for method in ["canister_status", "stop_canister", "delete_canister"] {
        manage_as(&net, manager, method, record.clone())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_canisters_history_tells_who_changed_what() {
    let net = TestNet::new();
    let manager = net.deploy(&manager()).await;
    let canister_id = net.deploy("(module)").await;
    let settings = CanisterSettings {
        controllers: Some(vec![user(), manager]),
        ..CanisterSettings::default()
    };
    net.update_settings(canister_id, settings).await.unwrap();
    net.upgrade(canister_id, "(module)").await.unwrap();
    let record = CanisterIdRecord { canister_id };
    manage_as(&net, manager, "uninstall_code", record)
        .await
        .unwrap();
    let info = async |num_requested_changes| {
        let args = CanisterInfoArgs {
            canister_id,
            num_requested_changes,
        };
        let reply = manage_as(&net, manager, "canister_info", args)
            .await
            .unwrap();
        Decode!(&reply, CanisterInfoResult).unwrap()
    };
    let all = info(Some(100)).await;
    assert_eq!((all.total_num_changes, all.module_hash), (5, None));
    assert_eq!(all.controllers.len(), 2);
    let mut changes = all
        .recent_changes
        .iter()
        .map(|change| change.details.as_ref().unwrap());
    let created = |record: &CreationRecord| record.environment_variables_hash.is_none();
    assert!(matches!(changes.next(), Some(ChangeDetails::Creation(record)) if created(record)));
    let deployed = |change: Option<&ChangeDetails>, mode| {
        assert!(matches!(change, Some(ChangeDetails::CodeDeployment(code)) if code.mode == mode));
    };
    deployed(changes.next(), CodeDeploymentMode::Install);
    assert!(matches!(
        changes.next(),
        Some(ChangeDetails::ControllersChange(_))
    ));
    deployed(changes.next(), CodeDeploymentMode::Upgrade);
    assert_eq!(changes.next(), Some(&ChangeDetails::CodeUninstall));
    let by = |n: usize| &all.recent_changes[n].origin;
    assert!(matches!(by(0), ChangeOrigin::FromUser(by) if by.user_id == user()));
    assert!(matches!(by(4), ChangeOrigin::FromCanister(by) if by.canister_id == manager));
    for _ in 0..20 {
        net.install(
            CanisterInstallMode::Reinstall,
            canister_id,
            wasm("(module)"),
        )
        .await
        .unwrap();
    }
    assert_eq!(info(None).await.recent_changes, []);
    let newest = info(Some(100)).await;
    assert_eq!(
        (newest.total_num_changes, newest.recent_changes.len()),
        (25, 20)
    );
}

#[tokio::test]
async fn a_canisters_history_tells_what_it_went_back_to() {
    let net = TestNet::new();
    let manager = net.deploy(&manager()).await;
    let (one, other) = (net.deploy("(module)").await, net.create().await);
    let version = net.status(one).await.version;
    let taken = take(&net, one).await;
    for (canister_id, from_canister_id) in [(one, None), (other, Some(one))] {
        load(&net, canister_id, &taken).await.unwrap();
        let args = CanisterInfoArgs {
            canister_id,
            num_requested_changes: Some(1),
        };
        let info = manage_as(&net, manager, "canister_info", args).await;
        let info = Decode!(&info.unwrap(), CanisterInfoResult).unwrap();
        let loaded = LoadSnapshotRecord {
            from_canister_id,
            snapshot_id: taken.id.clone(),
            canister_version: version,
            taken_at_timestamp: taken.taken_at_timestamp,
            source: SnapshotSource::TakenFromCanister(Reserved),
        };
        let change = &info.recent_changes[0];
        assert_eq!(change.details, Some(ChangeDetails::LoadSnapshot(loaded)));
        let after = net.status(canister_id).await.version;
        assert_eq!(change.canister_version, after);
    }
}

#[tokio::test]
async fn metadata_can_be_read_unless_it_is_private() {
    const MODULE: &str = r#"(module
        (@custom "icp:public candid:service" "service : {}")
        (@custom "icp:private notes" "secret"))"#;
    let net = TestNet::new();
    let manager = net.deploy(&manager()).await;
    let canister_id = net.deploy(MODULE).await;
    let read = async |name: &str| {
        let args = CanisterMetadataArgs {
            canister_id,
            name: name.into(),
        };
        let reply = manage_as(&net, manager, "canister_metadata", args).await?;
        Ok::<_, Rejection>(Decode!(&reply, CanisterMetadataResult).unwrap().value)
    };
    assert_eq!(read("candid:service").await.unwrap(), b"service : {}");
    let text = "has no metadata section with the name notes";
    assert!(read("notes").await.unwrap_err().message.contains(text));
    let settings = CanisterSettings {
        controllers: Some(vec![user(), manager]),
        ..CanisterSettings::default()
    };
    net.update_settings(canister_id, settings).await.unwrap();
    assert_eq!(read("notes").await.unwrap(), b"secret");
}

#[tokio::test]
async fn modules_with_other_sections_of_the_network_are_refused() {
    let net = TestNet::new();
    let canister = net.create().await;
    for module in [
        r#"(module (@custom "icp:secret x" ""))"#,
        r#"(module (@custom "icp:public" ""))"#,
        r#"(module (@custom "icp:public x" "") (@custom "icp:private x" ""))"#,
    ] {
        let mode = CanisterInstallMode::Install;
        let refused = net.install(mode, canister, wasm(module)).await.unwrap_err();
        assert!(
            refused.message.contains("invalid custom section"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn what_an_upgrade_keeps_of_the_old_codes_last_words() {
    let old = canister(
        r#"(data (i32.const 100) "old")
    (func (export "canister_pre_upgrade")
        (call $certify (i32.const 100) (i32.const 3))
        (call $burn (i64.const 0) (i64.const 700) (i32.const 0))
        (drop (call $set_timer (i64.const -1)))
        (call $print (i32.const 100) (i32.const 3)))"#,
    );
    let new = |post_upgrade: &str| {
        canister(&format!(
            r#"(global $timer (mut i64) (i64.const 7))
    (global $version (mut i64) (i64.const 0))
    (data (i32.const 100) "new")
    (func (export "canister_post_upgrade")
        (global.set $version (call $version))
        (global.set $timer (call $set_timer (i64.const 0)))
        {post_upgrade})
    (func (export "canister_query timer") (call $reply (i32.wrap_i64 (global.get $timer))))
    (func (export "canister_query version") (call $reply (i32.wrap_i64 (global.get $version))))"#
        ))
    };
    let net = TestNet::new();
    let id = net.deploy(&old).await;
    let before = net.status(id).await;
    net.upgrade(id, &new("unreachable")).await.unwrap_err();
    let after = net.status(id).await;
    assert_eq!(
        (&after.cycles, after.version),
        (&before.cycles, before.version)
    );
    assert_eq!(net.certified_data(id), b"");
    net.upgrade(id, &new("")).await.unwrap();
    let after = net.status(id).await;
    assert_eq!(after.cycles + 700_u32, before.cycles);
    assert_eq!(after.version, before.version + 1);
    assert_eq!(net.certified_data(id), b"old");
    // The timer is off for the new code, and the version is the one the new code has.
    assert_eq!(net.query(id, "timer", []).await.unwrap(), [0]);
    assert_eq!(
        net.query(id, "version", []).await.unwrap(),
        [after.version as u8]
    );
    net.install(CanisterInstallMode::Reinstall, id, wasm(&old))
        .await
        .unwrap();
    assert_eq!(net.certified_data(id), b"");
    let certifying = new("(call $certify (i32.const 100) (i32.const 3))");
    net.upgrade(id, &certifying).await.unwrap();
    assert_eq!(net.certified_data(id), b"new");
}

#[tokio::test]
async fn a_module_that_lives_in_the_heap_must_say_what_becomes_of_it() {
    use ic_management_canister_types::{UpgradeFlags, WasmMemoryPersistence};
    const PERSISTENT: &str =
        r#"(module (memory 1) (@custom "icp:private enhanced-orthogonal-persistence" ""))"#;
    let net = TestNet::new();
    let id = net.deploy(PERSISTENT).await;
    let refused = net.upgrade(id, PERSISTENT).await.unwrap_err();
    assert!(
        refused.message.contains("Missing upgrade option"),
        "{refused}"
    );
    let upgrade = |persistence| {
        CanisterInstallMode::Upgrade(Some(UpgradeFlags {
            skip_pre_upgrade: None,
            wasm_memory_persistence: Some(persistence),
        }))
    };
    let keep = upgrade(WasmMemoryPersistence::Keep);
    let refused = net.install(keep, id, wasm("(module (memory 1))")).await;
    assert!(
        refused
            .unwrap_err()
            .message
            .contains("Invalid upgrade option")
    );
    net.install(keep, id, wasm(PERSISTENT)).await.unwrap();
    let replace = upgrade(WasmMemoryPersistence::Replace);
    net.install(replace, id, wasm("(module (memory 1))"))
        .await
        .unwrap();
}

#[tokio::test]
async fn settings_out_of_range_change_nothing() {
    let net = TestNet::new();
    let id = net.create().await;
    let unchanged = net.status(id).await.settings;
    let settings = CanisterSettings {
        freezing_threshold: Some(7_u8.into()),
        compute_allocation: Some(101_u8.into()),
        ..CanisterSettings::default()
    };
    let refused = net.update_settings(id, settings).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0408");
    assert!(refused.message.contains("compute_allocation"), "{refused}");
    assert_eq!(net.status(id).await.settings, unchanged);
}

#[tokio::test]
async fn calls_of_canisters_must_bring_the_cycles_that_the_callee_wants() {
    let net = TestNet::new();
    let caller = net
        .deploy(&canister(
            r#"(table funcref (elem $on_reply $on_reject))
    (data (i32.const 100) "m")
    (func (export "canister_update call")
        (call $call (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $add_cycles (i64.const 0) (i64.const 10))
        (drop (call $perform)))
    (func (export "canister_update overspend")
        (call $call (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $add_cycles (i64.const 1) (i64.const 0)))
    (func $on_reply (param i32) (call $reply (i32.const 0)))
    (func $on_reject (param i32) (call $reply (call $reject_code)))"#,
        ))
        .await;
    let callee = net
        .deploy(&canister(
            r#"(func (export "canister_update m") (call $reply (i32.const 0)))"#,
        ))
        .await;
    for (minimum, answer) in [(10_u8, 0), (11, 5)] {
        let settings = CanisterSettings {
            minimum_incoming_canister_call_cycles: Some(minimum.into()),
            ..CanisterSettings::default()
        };
        net.update_settings(callee, settings).await.unwrap();
        let outcome = net.call(caller, "call", callee.as_slice()).await;
        assert_eq!(outcome.unwrap(), [answer]);
        // Users have no cycles to bring.
        net.call(callee, "m", []).await.unwrap();
    }
    let refused = net.call(caller, "overspend", callee.as_slice()).await;
    let refused = refused.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0207");
    assert!(
        refused.message.contains("out of cycles: please top up"),
        "{refused}"
    );
}
