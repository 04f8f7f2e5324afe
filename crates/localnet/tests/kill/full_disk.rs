//! What happens when the state cannot be written any more.

use ic_agent::AgentError;
use ic_management_canister_types::CanisterInstallMode;

use crate::process::{CERTIFICATE, State};

/// 1 or 2 MiB, depending on the shell.
const BLOCKS: u32 = 2048;

/// `count` counts in heap and certified data; `count_and_fill` writes 8 MiB of stable memory besides.
const MODULE: &str = r#"
    (import "ic0" "msg_reply_data_append" (func $reply_append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
    (import "ic0" "data_certificate_size" (func $certificate_size (result i32)))
    (import "ic0" "data_certificate_copy" (func $certificate_copy (param i32 i32 i32)))
    (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
    (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
    (memory 1)
    (func $count
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (call $certify (i32.const 0) (i32.const 1))
        (call $reply_append (i32.const 0) (i32.const 1))
        (call $reply))
    (func (export "canister_update count") (call $count))
    (func (export "canister_update count_and_fill") (local $page i64)
        (call $count)
        (drop (call $stable_grow (i64.const 128)))
        (memory.fill (i32.const 1) (i32.const 0xaa) (i32.const 65535))
        (loop $fill
            (call $stable_write
                (i64.mul (local.get $page) (i64.const 65536)) (i64.const 0) (i64.const 65536))
            (local.set $page (i64.add (local.get $page) (i64.const 1)))
            (br_if $fill (i64.lt_u (local.get $page) (i64.const 128)))))
    (func (export "canister_query counted") (call $reply_append (i32.const 0) (i32.const 1)) (call $reply))"#;

#[tokio::test]
async fn what_cannot_be_kept_has_not_happened_and_ends_the_network() {
    let state = State::new().await;
    let process = state.start().await;
    let id = process.create(None).await.unwrap();
    let wasm = wat::parse_str(format!("(module {MODULE} {CERTIFICATE})")).unwrap();
    let install = process.install(CanisterInstallMode::Install, id, &wasm);
    install.await.unwrap();
    process.kill().await;

    let process = state.start_limited(BLOCKS).await;
    let count = process.agent.update(&id, "count").call_and_wait();
    assert_eq!(count.await.unwrap(), [1]);
    let fill = process.agent.update(&id, "count_and_fill").call_and_wait();
    let failed = fill.await.unwrap_err();
    assert!(
        !matches!(failed, AgentError::CertifiedReject { .. }),
        "{failed}"
    );
    let (status, text) = process.ended().await;
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("the state cannot be kept: "), "{text}");

    let process = state.start().await;
    let counted = process.agent.query(&id, "counted").call().await.unwrap();
    assert_eq!(counted, [1]);
    assert_eq!(process.certified_data(id).await, [1]);
}
