//! What survives a restart.

use std::{os::unix::fs::DirEntryExt, path::Path, time::Duration};

use candid::{Encode, Principal};
use ic_localnet::{
    certification::NetworkKeys,
    faults::{Fault, Faults, Order, Rule, TestApi},
    network::{CanisterCall, Network, NetworkConfig, OpenError, StoreError, StoreProblem},
};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, ProvisionalCreateCanisterWithCyclesArgs, UploadChunkArgs,
};

use crate::support::{
    MANAGEMENT, STATEFUL, TestNet, call, canister, eventually, timer, user, wasm,
};

const MINUTE_NS: u64 = 60 * 1_000_000_000;

/// A canister with nothing but memories: `fill` writes 8 MiB to heap and stable memory each, `grow` makes them as large,
/// `touch` changes a byte of each, `last` gives their last bytes.
const LARGE: &str = r#"(module
    (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
    (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
    (import "ic0" "stable64_read" (func $stable_read (param i64 i64 i64)))
    (memory 0)
    (func $grow
        (drop (memory.grow (i32.const 128)))
        (drop (call $stable_grow (i64.const 128))))
    (func (export "canister_update grow") (call $grow) (call $reply))
    (func (export "canister_update fill")
        (call $grow)
        (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 0x800000))
        (call $stable_write (i64.const 0) (i64.const 0) (i64.const 0x800000))
        (call $reply))
    (func (export "canister_update touch")
        (i32.store8 (i32.const 0x400000) (i32.add (i32.load8_u (i32.const 0x400000)) (i32.const 1)))
        (call $stable_write (i64.const 0x400000) (i64.const 0x400000) (i64.const 1))
        (call $reply))
    (func (export "canister_query last")
        (call $append (i32.const 0x7fffff) (i32.const 1))
        (call $stable_read (i64.const 0x7fffff) (i64.const 0x7fffff) (i64.const 1))
        (call $append (i32.const 0x7fffff) (i32.const 1))
        (call $reply)))"#;

#[tokio::test]
async fn state_requests_and_ids_survive() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(STATEFUL).await;
    let request = net
        .submit(call(user(), canister, "set", [5]))
        .await
        .unwrap();
    net.outcome(request).await.unwrap();
    let root_key = net.network.keys().root_public_key_der();
    net.network.shutdown().await.unwrap();
    assert!(
        net.submit(call(user(), canister, "set", [6]))
            .await
            .is_err()
    );
    drop(net);

    for _ in 0..2 {
        let net = TestNet::in_dir(dir.path());
        assert_eq!(net.network.keys().root_public_key_der(), root_key);
        assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
        assert_eq!(net.outcome(request).await.unwrap(), [5, 5, 5]);
        net.network.shutdown().await.unwrap();
    }

    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.call(canister, "set", [7]).await.unwrap(), [7, 7, 7]);
    assert_ne!(net.create().await, canister);
}

#[tokio::test]
async fn a_timer_that_was_set_before_fires_after() {
    let dir = tempfile::tempdir().unwrap();
    let (net, _) = TestNet::with_test_api(Some(dir.path()));
    let canister = net.deploy(&timer(10 * MINUTE_NS, 1)).await;
    net.network.shutdown().await.unwrap();
    drop(net);
    let (net, control) = TestNet::with_test_api(Some(dir.path()));
    assert_eq!(net.query(canister, "fired", []).await.unwrap(), [0]);
    control.advance(Duration::from_mins(10)).await.unwrap();
    eventually(async || net.query(canister, "fired", []).await.unwrap() == [1]).await;
}

/// A canister that counts, slowly: a batch has no time for two calls. `count_by_call` counts by a call of itself.
const SLOW: &str = r#"(module
    (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
    (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "canister_self_copy" (func $self (param i32 i32 i32)))
    (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "ic0" "call_perform" (func $call_perform (result i32)))
    (memory 1)
    (data (i32.const 16) "count")
    (table funcref (elem $on_reply))
    (func (export "canister_update count") (local $n i32)
        (local.set $n (i32.const 50000000))
        (loop $spin
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $spin (local.get $n)))
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (call $append (i32.const 0) (i32.const 1))
        (call $reply))
    (func (export "canister_update count_by_call")
        (call $self (i32.const 32) (i32.const 0) (i32.const 10))
        (call $call_new (i32.const 32) (i32.const 10) (i32.const 16) (i32.const 5)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (drop (call $call_perform)))
    (func $on_reply (param i32)
        (call $arg (i32.const 1) (i32.const 0) (i32.const 1))
        (call $append (i32.const 1) (i32.const 1))
        (call $reply)))"#;

#[tokio::test]
async fn calls_under_way_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut net = TestNet::in_dir(dir.path());
    let canister = net.deploy(SLOW).await;
    let mut requests = Vec::new();
    for method in ["count", "count_by_call", "count", "count_by_call", "count"] {
        let request = net.submit(call(user(), canister, method, [])).await;
        requests.push(request.unwrap());
    }
    for _ in 0..3 {
        net.network.shutdown().await.unwrap();
        net = TestNet::in_dir(dir.path());
    }
    let mut counts = Vec::new();
    for request in requests {
        counts.extend(net.outcome(request).await.unwrap());
    }
    counts.sort();
    assert_eq!(counts, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_call_that_expires_before_it_is_executed_is_rejected() {
    const CALLS: u8 = 50;
    let dir = tempfile::tempdir().unwrap();
    let open = |clock_behind| {
        let config = NetworkConfig {
            state_dir: Some(dir.path().to_owned()),
            test_api: Some(TestApi { clock_behind }),
            ..NetworkConfig::default()
        };
        let keys = NetworkKeys::load_or_create(Some(dir.path())).unwrap();
        let network = Network::open(config, keys).unwrap();
        TestNet { network }
    };
    // Long enough for the calls to expire, and too short for the outcomes of those that are executed before to be forgotten.
    let net = open(Duration::from_mins(3));
    let canister = net.deploy(SLOW).await;
    // All are received at once, and executing them takes much longer than it takes to shut down.
    let together = Rule::always(Fault::Reorder {
        calls: CALLS.into(),
        within: Duration::from_mins(1),
        order: Order::Reversed,
    });
    let faults = Faults {
        rules: vec![together],
        ..Faults::default()
    };
    net.network
        .test_control()
        .unwrap()
        .set_faults(faults)
        .unwrap();
    let mut requests = Vec::new();
    for _ in 0..CALLS {
        let mut expiring = call(user(), canister, "count", []);
        expiring.ingress_expiry_ns = net.network.now_ns() + MINUTE_NS;
        requests.push(net.submit(expiring).await.unwrap());
    }
    eventually(async || {
        net.network
            .certified()
            .request_status(&requests[0])
            .is_some()
    })
    .await;
    net.network.shutdown().await.unwrap();
    drop(net);
    let net = open(Duration::ZERO);
    let mut count = 0;
    for request in requests.into_iter().rev() {
        match net.outcome(request).await {
            Ok(counted) => {
                count += 1;
                assert_eq!(counted, [count]);
            }
            Err(rejection) => assert_eq!(rejection.error_code, "IC0202"),
        }
    }
    assert!(count < CALLS);
    let next = net.call(canister, "count", []).await.unwrap();
    assert_eq!(next, [count + 1]);
}

#[tokio::test]
async fn networks_share_what_is_compiled() {
    let dir = tempfile::tempdir().unwrap();
    let files_after_deployment = async || {
        let config = NetworkConfig {
            compiled_dir: Some(dir.path().to_owned()),
            ..NetworkConfig::default()
        };
        let network = Network::open(config, NetworkKeys::generate().unwrap()).unwrap();
        let net = TestNet { network };
        let canister = net.deploy(STATEFUL).await;
        net.call(canister, "set", [5]).await.unwrap();
        let files = std::fs::read_dir(dir.path()).unwrap();
        Vec::from_iter(files.map(|file| file.unwrap().ino()))
    };
    let first = files_after_deployment().await;
    assert_eq!(first.len(), 1);
    // What is compiled again is written to another file.
    assert_eq!(files_after_deployment().await, first);
}

/// Why the state in `dir` cannot be opened.
fn refusal(dir: &Path) -> StoreProblem {
    let config = NetworkConfig {
        state_dir: Some(dir.to_owned()),
        ..NetworkConfig::default()
    };
    match Network::open(config, NetworkKeys::generate().unwrap()) {
        Err(OpenError::Store(StoreError { problem, path })) => {
            assert!(path.starts_with(dir), "{}", path.display());
            problem
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the state is accepted"),
    }
}

#[tokio::test]
async fn a_state_is_for_one_network_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    assert!(matches!(refusal(dir.path()), StoreProblem::InUse));
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    assert!(matches!(refusal(dir.path()), StoreProblem::InUse));
    net.network.shutdown().await.unwrap();
    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
}

#[tokio::test]
async fn what_is_no_state_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.sqlite");
    std::fs::write(&file, "a letter to a friend").unwrap();
    assert!(matches!(refusal(dir.path()), StoreProblem::Foreign));
    assert_eq!(std::fs::read(&file).unwrap(), b"a letter to a friend");

    std::fs::remove_file(&file).unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch("CREATE TABLE friend (name)")
        .unwrap();
    drop(database);
    assert!(matches!(refusal(dir.path()), StoreProblem::Foreign));
}

#[tokio::test]
async fn a_state_of_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    TestNet::in_dir(dir.path())
        .network
        .shutdown()
        .await
        .unwrap();
    let database = rusqlite::Connection::open(dir.path().join("state.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 7).unwrap();
    drop(database);
    assert!(matches!(refusal(dir.path()), StoreProblem::Version(7)));
}

#[tokio::test]
async fn a_damaged_state_is_refused() {
    for damage in [
        "UPDATE canister SET record = x'00'",
        "UPDATE canister SET module = NULL",
        "DELETE FROM module",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let net = TestNet::in_dir(dir.path());
        net.deploy(STATEFUL).await;
        net.network.shutdown().await.unwrap();
        drop(net);
        let database = rusqlite::Connection::open(dir.path().join("state.sqlite")).unwrap();
        database.execute(damage, []).unwrap();
        drop(database);
        let refused = refusal(dir.path());
        assert!(matches!(refused, StoreProblem::Damaged(_)), "{damage}");
    }
}

/// A call that creates a canister under that id.
fn creation_as(id: Principal) -> CanisterCall {
    let args = ProvisionalCreateCanisterWithCyclesArgs {
        specified_id: Some(id),
        ..Default::default()
    };
    call(
        user(),
        MANAGEMENT,
        "provisional_create_canister_with_cycles",
        Encode!(&args).unwrap(),
    )
}

/// The size of what is kept in `dir`.
fn bytes_on_disk(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    files.map(|file| file.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn only_what_has_changed_is_written_and_freed_space_is_used_again() {
    const MIB: u64 = 1 << 20;
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(LARGE).await;
    net.call(canister, "fill", []).await.unwrap();
    let filled = bytes_on_disk(dir.path());
    assert!(filled > 16 * MIB, "{filled}");
    for _ in 0..20 {
        net.call(canister, "touch", []).await.unwrap();
    }
    let touched = bytes_on_disk(dir.path());
    assert!(touched < filled + MIB, "{touched} after {filled}");
    for _ in 0..5 {
        net.install(CanisterInstallMode::Reinstall, canister, wasm(LARGE))
            .await
            .unwrap();
        net.call(canister, "fill", []).await.unwrap();
    }
    // The log has grown beyond what it may have, again and again.
    eventually(async || bytes_on_disk(dir.path()) < 48 * MIB).await;
    net.network.shutdown().await.unwrap();
    let refilled = bytes_on_disk(dir.path());
    assert!(refilled < 32 * MIB, "{refilled}");
}

#[tokio::test]
async fn a_reinstalled_canister_keeps_nothing_of_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(LARGE).await;
    net.call(canister, "fill", []).await.unwrap();
    net.install(CanisterInstallMode::Reinstall, canister, wasm(LARGE))
        .await
        .unwrap();
    net.call(canister, "grow", []).await.unwrap();
    net.network.shutdown().await.unwrap();
    drop(net);
    let net = TestNet::in_dir(dir.path());
    // Pages that were full before, and are there again.
    assert_eq!(net.query(canister, "last", []).await.unwrap(), [0, 0]);
}

#[tokio::test]
async fn a_canister_created_under_the_id_of_a_deleted_one_has_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(LARGE).await;
    net.call(canister, "fill", []).await.unwrap();
    let id = CanisterIdRecord {
        canister_id: canister,
    };
    net.manage("stop_canister", id.clone()).await.unwrap();
    // Together, so that they may be of one batch.
    let deletion = call(user(), MANAGEMENT, "delete_canister", Encode!(&id).unwrap());
    let creation = creation_as(canister);
    let deleted = net.submit(deletion).await.unwrap();
    let created = net.submit(creation).await.unwrap();
    net.outcome(deleted).await.unwrap();
    net.outcome(created).await.unwrap();
    net.install(CanisterInstallMode::Install, canister, wasm(LARGE))
        .await
        .unwrap();
    net.call(canister, "grow", []).await.unwrap();
    net.network.shutdown().await.unwrap();
    drop(net);
    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.query(canister, "last", []).await.unwrap(), [0, 0]);
}

#[tokio::test]
async fn a_late_answer_to_a_deleted_canister_is_not_for_the_next_one_of_its_id() {
    // `hold` is answered with its number among all calls of it, after `release` was called with that number.
    let holder = canister(
        r#"
        (table funcref (elem $look $look))
        (data (i32.const 500) "pass")
        (global $held (mut i32) (i32.const 0))
        (global $released (mut i32) (i32.const 0))
        (func $look (param $number i32)
            (if (i32.eq (local.get $number) (global.get $released))
                (then (call $reply (local.get $number)))
                (else
                    (call $self_copy (i32.const 1000) (i32.const 0) (call $self_size))
                    (call $call_new (i32.const 1000) (call $self_size) (i32.const 500) (i32.const 4)
                        (i32.const 0) (local.get $number) (i32.const 1) (local.get $number))
                    (drop (call $perform)))))
        (func (export "canister_update pass") (call $msg_reply))
        (func (export "canister_update hold")
            (global.set $held (i32.add (global.get $held) (i32.const 1)))
            (call $look (global.get $held)))
        (func (export "canister_update release") (global.set $released (call $arg)) (call $msg_reply))
        (func (export "canister_query held") (call $reply (global.get $held)))"#,
    );
    // `ask` calls `hold` of the canister given, and passes the answer on.
    let asker = canister(
        r#"
        (table funcref (elem $on_reply $on_reject))
        (data (i32.const 500) "hold")
        (func $on_reply (param i32) (call $reply (call $arg)))
        (func $on_reject (param i32) unreachable)
        (func (export "canister_update ask")
            (call $call (i32.const 500) (i32.const 4) (i32.const 0) (i32.const 1))
            (drop (call $perform)))"#,
    );
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let (holder, asker_id) = (net.deploy(&holder).await, net.deploy(&asker).await);
    let ask = call(user(), asker_id, "ask", holder.as_slice());
    let held = async |net: &TestNet| net.query(holder, "held", []).await.unwrap();

    net.submit(ask.clone()).await.unwrap();
    eventually(async || held(&net).await == [1]).await;
    let canister_id = asker_id;
    for method in ["uninstall_code", "stop_canister", "delete_canister"] {
        let id = CanisterIdRecord { canister_id };
        net.manage(method, id).await.unwrap();
    }
    net.network.shutdown().await.unwrap();
    drop(net);

    let net = TestNet::in_dir(dir.path());
    let created = net.submit(creation_as(asker_id)).await.unwrap();
    net.outcome(created).await.unwrap();
    net.install(CanisterInstallMode::Install, asker_id, wasm(&asker))
        .await
        .unwrap();
    let asked = net.submit(ask).await.unwrap();
    eventually(async || held(&net).await == [2]).await;
    net.call(holder, "release", [1]).await.unwrap();
    // The holder is asked for the first answer before it can be asked to give the second.
    net.call(holder, "pass", []).await.unwrap();
    net.call(holder, "release", [2]).await.unwrap();
    assert_eq!(net.outcome(asked).await.unwrap(), [2]);
}

#[tokio::test]
async fn chunks_survive() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister_id = net.create().await;
    let id = CanisterIdRecord { canister_id };
    let upload = async |net: &TestNet, chunk: &[u8]| {
        let chunk = chunk.to_vec();
        net.manage("upload_chunk", UploadChunkArgs { canister_id, chunk })
            .await
            .unwrap()
    };
    upload(&net, b"first").await;
    net.manage("clear_chunk_store", id.clone()).await.unwrap();
    upload(&net, b"second").await;
    let stored = net.manage("stored_chunks", id.clone()).await.unwrap();
    net.network.shutdown().await.unwrap();
    drop(net);
    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.manage("stored_chunks", id).await.unwrap(), stored);
}

#[tokio::test]
async fn a_call_known_by_its_id_is_executed_once() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    let id = net
        .submit(call(user(), canister, "set", [1]))
        .await
        .unwrap();
    net.outcome(id).await.unwrap();
    net.call(canister, "set", [2]).await.unwrap();
    net.network
        .submit(id, call(user(), canister, "set", [1]))
        .await
        .unwrap();
    assert!(
        net.network
            .outcome(&id, Duration::from_secs(60))
            .await
            .is_some()
    );
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [2, 2, 2]);
}
