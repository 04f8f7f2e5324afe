//! What messages change, and what a trap leaves alone.

use crate::support::{MANAGEMENT, STATEFUL, TestNet, wasm};
use candid::{Decode, Encode, Principal};
use ic_localnet::network::{NetworkLimits, RejectCode};
use ic_management_canister_types::{FetchCanisterLogsArgs, FetchCanisterLogsResult};

#[tokio::test]
async fn an_update_changes_all_parts_of_the_state() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [0, 0, 0]);
    assert_eq!(net.call(canister, "set", [5]).await.unwrap(), [5, 5, 5]);
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
    assert_eq!(net.certified_data(canister), [5]);
}

#[tokio::test]
async fn a_trap_changes_nothing_and_says_why() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    let trap = net.call(canister, "set_then_trap", [6]).await.unwrap_err();
    assert_eq!(
        (trap.code, &*trap.error_code),
        (RejectCode::CanisterError, "IC0503")
    );
    assert_eq!(
        trap.message,
        format!(
            "Error from Canister {canister}: Canister called `ic0.trap` with message: 'on purpose'"
        )
    );
    let trap = net
        .call(canister, "set_then_unreachable", [7])
        .await
        .unwrap_err();
    assert_eq!(
        (trap.code, &*trap.error_code),
        (RejectCode::CanisterError, "IC0502")
    );
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
    assert_eq!(net.certified_data(canister), [5]);
}

#[tokio::test]
async fn a_query_leaves_nothing_behind() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    assert_eq!(
        net.query(canister, "set_in_query", [9]).await.unwrap(),
        [9, 9, 5]
    );
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
    // The same method called as an update is a query too.
    assert_eq!(
        net.call(canister, "set_in_query", [9]).await.unwrap(),
        [9, 9, 5]
    );
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
}

#[tokio::test]
async fn many_updates_and_queries_agree() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    for n in 1..=50 {
        assert_eq!(net.call(canister, "set", [n]).await.unwrap(), [n, n, n]);
        assert_eq!(net.query(canister, "get", []).await.unwrap(), [n, n, n]);
    }
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_instruction_limit() {
    const LOOP: &str = r#"(module (func (export "canister_update spin") (loop $again (br $again)))
        (func (export "canister_query spin_too") (loop $again (br $again))))"#;
    let limits = NetworkLimits {
        update_instructions: 1_000_000,
        query_instructions: 1_000_000,
        ..NetworkLimits::default()
    };
    let net = TestNet::with_limits(limits);
    let canister = net.deploy(LOOP).await;
    let update = net.call(canister, "spin", []).await.unwrap_err();
    let query = net.query(canister, "spin_too", []).await.unwrap_err();
    assert_eq!(
        (&*update.error_code, &*query.error_code),
        ("IC0522", "IC0522")
    );
}

#[tokio::test]
async fn stable_memory_grows_with_its_message_only() {
    const GROW: &str = r#"(module
        (import "ic0" "stable64_grow" (func $grow (param i64) (result i64)))
        (import "ic0" "stable64_size" (func $size (result i64)))
        (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func $report (i64.store (i32.const 0) (call $size)) (call $append (i32.const 0) (i32.const 1)) (call $reply))
        (func (export "canister_update grow") (drop (call $grow (i64.const 2))) (call $report))
        (func (export "canister_update grow_and_trap") (drop (call $grow (i64.const 2))) unreachable)
        (func (export "canister_update write_beyond")
            (call $write (i64.mul (call $size) (i64.const 65536)) (i64.const 0) (i64.const 1)))
        (func (export "canister_query size") (call $report)))"#;
    let net = TestNet::new();
    let canister = net.deploy(GROW).await;
    assert_eq!(net.call(canister, "grow", []).await.unwrap(), [2]);
    net.call(canister, "grow_and_trap", []).await.unwrap_err();
    assert_eq!(net.query(canister, "size", []).await.unwrap(), [2]);
    let beyond = net.call(canister, "write_beyond", []).await.unwrap_err();
    assert!(
        beyond
            .message
            .ends_with("Canister trapped: stable memory out of bounds"),
        "{beyond}"
    );
}

#[tokio::test]
async fn the_heap_grows_and_keeps_what_was_written_where_it_grew() {
    const GROW: &str = r#"(module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func (export "canister_update grow")
            (i32.store8 (i32.shl (memory.grow (i32.const 100)) (i32.const 16)) (i32.const 42))
            (call $reply))
        (func (export "canister_query last")
            (call $append (i32.shl (i32.sub (memory.size) (i32.const 100)) (i32.const 16)) (i32.const 1))
            (call $reply)))"#;
    let net = TestNet::new();
    let canister = net.deploy(GROW).await;
    for _ in 0..3 {
        net.call(canister, "grow", []).await.unwrap();
        assert_eq!(net.query(canister, "last", []).await.unwrap(), [42]);
    }
}

#[tokio::test]
async fn a_method_that_does_not_answer_is_rejected_for_it() {
    let net = TestNet::new();
    let canister = net
        .deploy(r#"(module (func (export "canister_update silent")))"#)
        .await;
    let rejection = net.call(canister, "silent", []).await.unwrap_err();
    assert_eq!(
        (rejection.code, &*rejection.error_code),
        (RejectCode::CanisterError, "IC0506")
    );
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    let method = net.call(canister, "nothing", []).await.unwrap_err();
    assert_eq!(
        (method.code, &*method.error_code),
        (RejectCode::CanisterError, "IC0536")
    );
    assert!(method.message.contains("'nothing'"), "{method}");
    let method = net.query(canister, "set", [1]).await.unwrap_err();
    assert_eq!(&*method.error_code, "IC0536");
    let empty = net.create().await;
    assert_eq!(
        &*net.query(empty, "get", []).await.unwrap_err().error_code,
        "IC0537"
    );
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 255, 255, 1, 1]);
    let not_found = net.call(nobody, "get", []).await.unwrap_err();
    assert_eq!(
        (not_found.code, &*not_found.error_code),
        (RejectCode::DestinationInvalid, "IC0301")
    );
}

#[tokio::test]
async fn modules_that_cannot_be_executed_are_refused_with_the_reason() {
    let net = TestNet::new();
    let canister = net.create().await;
    let install = |module: Vec<u8>| {
        net.install(
            ic_management_canister_types::CanisterInstallMode::Install,
            canister,
            module,
        )
    };
    for (module, reason) in [
        (b"not wasm at all".to_vec(), "neither a Wasm module nor"),
        (vec![0x1f, 0x8b, 8, 0, 0], "gzip stream is damaged"),
        (
            wasm(r#"(module (import "ic0" "mystery" (func)))"#),
            "imports `mystery` from `ic0`",
        ),
        (
            wasm(r#"(module (import "env" "time" (func)))"#),
            "imports `time` from `env`",
        ),
        (wasm(r#"(module (memory i64 1))"#), "64-bit memory"),
        (
            wasm(
                r#"(module (func $f) (export "canister_update x" (func $f)) (export "canister_query x" (func $f)))"#,
            ),
            "Duplicate function 'x'",
        ),
        (
            wasm(r#"(module (func (export "canister_update x") (param i32)))"#),
            "has parameters or results",
        ),
        (
            wasm(r#"(module (func (export "canister_brew")))"#),
            "reserved function 'canister_brew'",
        ),
    ] {
        let rejection = install(module).await.unwrap_err();
        assert_eq!(&*rejection.error_code, "IC0505");
        assert!(rejection.message.contains(reason), "{rejection}");
    }
    install(wasm("(module)")).await.unwrap();
}

#[tokio::test]
async fn system_calls_out_of_place_trap() {
    const MISUSE: &str = r#"(module
        (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
        (memory 1)
        (func (export "canister_query certify") (call $certify (i32.const 0) (i32.const 1)))
        (func (export "canister_query twice") (call $reply) (call $reply))
        (func (export "canister_query beyond_heap") (call $arg (i32.const 65536) (i32.const 0) (i32.const 1)))
        (func (export "canister_query beyond_arg") (call $arg (i32.const 0) (i32.const 0) (i32.const 9))))"#;
    let net = TestNet::new();
    let canister = net.deploy(MISUSE).await;
    for (method, code, reason) in [
        (
            "certify",
            "IC0504",
            "\"ic0_certified_data_set\" cannot be executed in non replicated query mode",
        ),
        ("twice", "IC0504", "already replied"),
        ("beyond_heap", "IC0502", "heap out of bounds"),
        ("beyond_arg", "IC0504", "there are only 1"),
    ] {
        let rejection = net.query(canister, method, [1]).await.unwrap_err();
        assert_eq!(&*rejection.error_code, code, "{rejection}");
        assert!(rejection.message.contains(reason), "{rejection}");
    }
}

#[tokio::test]
async fn printing_is_bounded_even_if_the_lines_are_empty() {
    const PRINTER: &str = r#"(module
        (import "ic0" "debug_print" (func $print (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func (export "canister_update print")
            (local $n i32)
            (loop $again
                (call $print (i32.const 0) (i32.const 0))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 100))))
            (call $reply)))"#;
    let net = TestNet::with_limits(NetworkLimits {
        log_bytes: 240,
        ..NetworkLimits::default()
    });
    let canister_id = net.deploy(PRINTER).await;
    net.call(canister_id, "print", []).await.unwrap();
    let args = FetchCanisterLogsArgs {
        canister_id,
        filter: None,
    };
    let arg = Encode!(&args).unwrap();
    let reply = net.query(MANAGEMENT, "fetch_canister_logs", arg).await;
    let logs = Decode!(&reply.unwrap(), FetchCanisterLogsResult).unwrap();
    assert_eq!(logs.canister_log_records.len(), 10);
}
