//! Installing, upgrading, settings and the other services of the management canister.

use crate::support::{MANAGEMENT, STATEFUL, TestNet, call, stranger, user, wasm};
use candid::{Decode, Encode, Principal};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, CanisterLogFilter, CanisterSettings, CanisterStatusType,
    ChunkHash, EnvironmentVariable, FetchCanisterLogsArgs, FetchCanisterLogsResult,
    InstallChunkedCodeArgs, ProvisionalCreateCanisterWithCyclesArgs, UpgradeFlags, UploadChunkArgs,
    WasmMemoryPersistence,
};
use sha2::{Digest as _, Sha256};

/// The stateful canister with other code after an upgrade: `get` gives heap, global and stable memory.
fn upgraded(post_upgrade: &str) -> String {
    let hook = format!(r#"(func (export "canister_post_upgrade") {post_upgrade})"#);
    format!("{}{hook})", STATEFUL.trim_end().strip_suffix(')').unwrap())
}

#[tokio::test]
async fn an_upgrade_keeps_stable_memory_and_drops_the_heap() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    net.upgrade(canister, &upgraded("(global.set $value (i32.const 77))"))
        .await
        .unwrap();
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [0, 77, 5]);
}

#[tokio::test]
async fn a_failing_post_upgrade_changes_nothing() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    let before = net.status(canister).await;
    let trap = net
        .upgrade(canister, &upgraded("(call $store) unreachable"))
        .await
        .unwrap_err();
    assert_eq!(&*trap.error_code, "IC0504");
    let trap = net
        .upgrade(
            canister,
            &upgraded("(drop (call $grow (i64.const 3))) unreachable"),
        )
        .await
        .unwrap_err();
    assert_eq!(&*trap.error_code, "IC0502");
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
    let after = net.status(canister).await;
    assert_eq!(
        (after.module_hash, after.version),
        (before.module_hash, before.version)
    );
}

#[tokio::test]
async fn an_upgrade_can_keep_the_heap_and_skip_or_run_the_old_last_words() {
    const LAST_WORDS: &str = r#"(func (export "canister_pre_upgrade")
        (i32.store8 (i32.const 70001) (i32.const 99))
        (call $write (i64.const 4095) (i64.const 70001) (i64.const 1)))"#;
    let module = STATEFUL.trim_end().strip_suffix(')').unwrap();
    const PERSISTENT: &str = r#"(@custom "icp:private enhanced-orthogonal-persistence" "")"#;
    let module = wasm(&format!("{module}{LAST_WORDS}{PERSISTENT})"));
    let net = TestNet::new();
    let canister = net.create().await;
    let install = |mode| net.install(mode, canister, module.clone());
    install(CanisterInstallMode::Install).await.unwrap();
    net.call(canister, "set", [5]).await.unwrap();
    let upgrade = |skip, persistence| {
        CanisterInstallMode::Upgrade(Some(UpgradeFlags {
            skip_pre_upgrade: Some(skip),
            wasm_memory_persistence: Some(persistence),
        }))
    };
    // The global is part of the code's own state, so it begins anew.
    install(upgrade(true, WasmMemoryPersistence::Keep))
        .await
        .unwrap();
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 0, 5]);
    install(upgrade(false, WasmMemoryPersistence::Replace))
        .await
        .unwrap();
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [0, 0, 99]);
}

#[tokio::test]
async fn reinstalling_starts_from_scratch_and_installing_twice_is_refused() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    let twice = net
        .install(CanisterInstallMode::Install, canister, wasm(STATEFUL))
        .await
        .unwrap_err();
    assert_eq!(&*twice.error_code, "IC0514");
    net.install(CanisterInstallMode::Reinstall, canister, wasm(STATEFUL))
        .await
        .unwrap();
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [0, 0, 0]);
}

#[tokio::test]
async fn start_function_and_init_run_once() {
    const MODULE: &str = r#"(module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (data (i32.const 0) "\01")
        (func $double (i32.store8 (i32.const 0) (i32.shl (i32.load8_u (i32.const 0)) (i32.const 1))))
        (start $double)
        (func (export "canister_init") (call $double) (call $double))
        (func (export "canister_update double") (call $double) (call $reply))
        (func (export "canister_query get") (call $append (i32.const 0) (i32.const 1)) (call $reply)))"#;
    let net = TestNet::new();
    let canister = net.deploy(MODULE).await;
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [8]);
    net.call(canister, "double", []).await.unwrap();
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [16]);
}

#[tokio::test]
async fn inspect_message_keeps_messages_out() {
    const PICKY: &str = r#"(module
        (import "ic0" "accept_message" (func $accept))
        (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
        (import "ic0" "msg_reply" (func $reply))
        (func (export "canister_inspect_message") (if (call $arg_size) (then (call $accept))))
        (func (export "canister_update take") (call $reply)))"#;
    let net = TestNet::new();
    let canister = net.deploy(PICKY).await;
    net.call(canister, "take", [1]).await.unwrap();
    let refused = net
        .submit(call(user(), canister, "take", []))
        .await
        .unwrap_err();
    assert_eq!(&*refused.error_code, "IC0406");
}

#[tokio::test]
async fn a_module_installs_from_chunks() {
    let net = TestNet::new();
    let canister = net.create().await;
    let module = wasm(STATEFUL);
    let mut chunk_hashes_list = Vec::new();
    for chunk in module.chunks(100) {
        let args = UploadChunkArgs {
            canister_id: canister,
            chunk: chunk.to_vec(),
        };
        let reply = net.manage("upload_chunk", args).await.unwrap();
        chunk_hashes_list.push(Decode!(&reply, ChunkHash).unwrap());
    }
    let mut args = InstallChunkedCodeArgs {
        mode: CanisterInstallMode::Install,
        target_canister: canister,
        store_canister: None,
        chunk_hashes_list,
        wasm_module_hash: vec![0; 32],
        arg: vec![],
        sender_canister_version: None,
    };
    let wrong = net
        .manage("install_chunked_code", args.clone())
        .await
        .unwrap_err();
    assert!(wrong.message.contains("module with the hash"), "{wrong}");
    args.wasm_module_hash = Sha256::digest(&module).to_vec();
    let endless = InstallChunkedCodeArgs {
        chunk_hashes_list: vec![args.chunk_hashes_list[0].clone(); 101],
        ..args.clone()
    };
    let refused = net
        .manage("install_chunked_code", endless)
        .await
        .unwrap_err();
    assert!(refused.message.contains("101 chunks"), "{refused}");
    net.manage("install_chunked_code", args).await.unwrap();
    assert_eq!(net.call(canister, "set", [3]).await.unwrap(), [3, 3, 3]);
}

#[tokio::test]
async fn a_gzipped_module_keeps_the_hash_of_what_was_uploaded() {
    use std::io::Write as _;
    let net = TestNet::new();
    let canister = net.create().await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&wasm(STATEFUL)).unwrap();
    let module = gzip.finish().unwrap();
    net.install(CanisterInstallMode::Install, canister, module.clone())
        .await
        .unwrap();
    assert_eq!(
        net.status(canister).await.module_hash.unwrap(),
        Sha256::digest(&module)[..]
    );
}

#[tokio::test]
async fn only_controllers_may() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    let stranger = stranger();
    let arg = Encode!(&CanisterIdRecord {
        canister_id: canister
    })
    .unwrap();
    for method in [
        "stop_canister",
        "start_canister",
        "delete_canister",
        "uninstall_code",
        "canister_status",
    ] {
        let refused = net
            .call_as(stranger, MANAGEMENT, method, arg.clone())
            .await
            .unwrap_err();
        assert_eq!(&*refused.error_code, "IC0512", "{method}: {refused}");
    }
    let settings = CanisterSettings {
        controllers: Some(vec![stranger]),
        ..CanisterSettings::default()
    };
    net.update_settings(canister, settings).await.unwrap();
    net.call_as(stranger, MANAGEMENT, "canister_status", arg.clone())
        .await
        .unwrap();
    assert_eq!(
        &*net
            .call(MANAGEMENT, "canister_status", arg)
            .await
            .unwrap_err()
            .error_code,
        "IC0512"
    );
}

#[tokio::test]
async fn a_chosen_id_is_taken_once() {
    let net = TestNet::new();
    let id = Principal::from_text("rwlgt-iiaaa-aaaaa-aaaaa-cai").unwrap();
    let args = ProvisionalCreateCanisterWithCyclesArgs {
        specified_id: Some(id),
        ..Default::default()
    };
    net.manage("provisional_create_canister_with_cycles", args.clone())
        .await
        .unwrap();
    assert_eq!(net.status(id).await.status, CanisterStatusType::Running);
    let again = net
        .manage("provisional_create_canister_with_cycles", args)
        .await
        .unwrap_err();
    assert_eq!(&*again.error_code, "IC0205");
    assert_ne!(net.create().await, id);
}

#[tokio::test]
async fn a_stopped_canister_can_be_deleted() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    let record = CanisterIdRecord {
        canister_id: canister,
    };
    let running = net
        .manage("delete_canister", record.clone())
        .await
        .unwrap_err();
    assert_eq!(&*running.error_code, "IC0510");
    net.manage("stop_canister", record.clone()).await.unwrap();
    net.manage("delete_canister", record.clone()).await.unwrap();
    assert_eq!(
        &*net.query(canister, "get", []).await.unwrap_err().error_code,
        "IC0301"
    );
    assert!(!net.network.certified().has_canister(&canister));
}

#[tokio::test]
async fn an_uninstalled_canister_is_empty() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    net.manage(
        "uninstall_code",
        CanisterIdRecord {
            canister_id: canister,
        },
    )
    .await
    .unwrap();
    assert_eq!(
        &*net.call(canister, "set", [1]).await.unwrap_err().error_code,
        "IC0537"
    );
    assert_eq!(net.status(canister).await.module_hash, None);
}

#[tokio::test]
async fn environment_variables_reach_the_canister() {
    const READER: &str = r#"(module
        (import "ic0" "env_var_count" (func $count (result i32)))
        (import "ic0" "env_var_value_size" (func $size (param i32 i32) (result i32)))
        (import "ic0" "env_var_value_copy" (func $copy (param i32 i32 i32 i32 i32)))
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (data (i32.const 0) "COLOR")
        (func (export "canister_query get")
            (if (i32.ne (call $count) (i32.const 2)) (then unreachable))
            (call $copy (i32.const 0) (i32.const 5) (i32.const 10) (i32.const 0)
                (call $size (i32.const 0) (i32.const 5)))
            (call $append (i32.const 10) (call $size (i32.const 0) (i32.const 5)))
            (call $reply)))"#;
    let net = TestNet::new();
    let canister = net.deploy(READER).await;
    let variable = |name: &str, value: &str| EnvironmentVariable {
        name: name.into(),
        value: value.into(),
    };
    let settings = CanisterSettings {
        environment_variables: Some(vec![variable("COLOR", "green"), variable("SIZE", "big")]),
        ..CanisterSettings::default()
    };
    net.update_settings(canister, settings).await.unwrap();
    assert_eq!(net.query(canister, "get", []).await.unwrap(), b"green");
}

#[tokio::test]
async fn what_is_not_offered_says_so() {
    let net = TestNet::new();
    let refused = net
        .call(MANAGEMENT, "sign_with_ecdsa", [])
        .await
        .unwrap_err();
    assert!(
        refused.message.contains("does not offer") && refused.message.contains("sign_with_ecdsa"),
        "{refused}"
    );
    let unknown = net.call(MANAGEMENT, "make_coffee", []).await.unwrap_err();
    assert!(
        unknown.message.contains("no method 'make_coffee'"),
        "{unknown}"
    );
    let garbled = net
        .call(MANAGEMENT, "start_canister", b"DIDL")
        .await
        .unwrap_err();
    assert_eq!(&*garbled.error_code, "IC0408");
}

#[tokio::test]
async fn what_is_printed_and_why_it_trapped_can_be_read() {
    const PRINTER: &str = r#"(module
        (import "ic0" "debug_print" (func $print (param i32 i32)))
        (memory 1)
        (data (i32.const 0) "hello")
        (func (export "canister_update print") (call $print (i32.const 0) (i32.const 5)) unreachable))"#;
    let net = TestNet::new();
    let canister = net.deploy(PRINTER).await;
    net.call(canister, "print", []).await.unwrap_err();
    let read = async |filter| {
        let args = FetchCanisterLogsArgs {
            canister_id: canister,
            filter,
        };
        let arg = Encode!(&args).unwrap();
        let reply = net.query(MANAGEMENT, "fetch_canister_logs", arg).await;
        let records = Decode!(&reply.unwrap(), FetchCanisterLogsResult).unwrap();
        let lines = records.canister_log_records.into_iter();
        lines
            .map(|record| String::from_utf8(record.content).unwrap())
            .collect::<Vec<_>>()
    };
    let trap = "[TRAP]: Canister trapped: unreachable";
    assert_eq!(read(None).await, ["hello", trap]);
    let second = CanisterLogFilter::ByIdx { start: 1, end: 9 };
    assert_eq!(read(Some(second)).await, [trap]);
    let stranger = stranger();
    let arg = Encode!(&FetchCanisterLogsArgs {
        canister_id: canister,
        filter: None
    });
    let query = call(stranger, MANAGEMENT, "fetch_canister_logs", arg.unwrap());
    let refused = net.network.query(query).await;
    assert!(refused.unwrap_err().message.contains("not allowed"));
}
