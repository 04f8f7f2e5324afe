//! Limits on memory: those of the network, and those that a canister sets itself.

use ic_localnet::network::NetworkLimits;
use ic_management_canister_types::{CanisterInstallMode, CanisterSettings};

use crate::support::{TestNet, canister, eventually, wasm};

/// `write` writes to as many pages of stable memory as its argument says, beginning at page 100 if `elsewhere` does it.
fn writer() -> String {
    canister(
        r#"(func $write_pages (param $from i64)
        (local $n i64)
        (drop (call $grow (i64.const 16)))
        (local.set $n (i64.extend_i32_u (call $arg)))
        (loop $again
            (local.set $n (i64.sub (local.get $n) (i64.const 1)))
            (call $write
                (i64.mul (i64.const 4096) (i64.add (local.get $from) (local.get $n)))
                (i64.const 0) (i64.const 1))
            (br_if $again (i64.ne (local.get $n) (i64.const 0))))
        (call $reply (i32.const 0)))
    (func (export "canister_update write") (call $write_pages (i64.const 0)))
    (func (export "canister_update elsewhere") (call $write_pages (i64.const 100)))
    (func (export "canister_query write_in_query") (call $write_pages (i64.const 0)))"#,
    )
}

#[tokio::test]
async fn one_message_writes_to_so_many_pages_of_stable_memory() {
    const TEXT: &str = "Canister exceeded memory access limits: Exceeded the limit for the number of modified pages in \
                        the stable memory in a single message execution: limit: 32 KB.";
    let net = TestNet::with_limits(NetworkLimits {
        stable_written_bytes: 8 * 4096,
        query_stable_written_bytes: 4 * 4096,
        ..NetworkLimits::default()
    });
    let canister = net.deploy(&writer()).await;
    net.call(canister, "write", [8]).await.unwrap();
    let refused = net.call(canister, "write", [9]).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0524");
    assert!(refused.message.ends_with(TEXT), "{refused}");
    net.query(canister, "write_in_query", [4]).await.unwrap();
    let refused = net.query(canister, "write_in_query", [5]).await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0524");
}

#[tokio::test]
async fn all_canisters_share_the_space_for_stable_memory() {
    let net = TestNet::with_limits(NetworkLimits {
        all_stable_bytes: 10 * 4096,
        ..NetworkLimits::default()
    });
    let first = net.deploy(&writer()).await;
    let second = net.deploy(&writer()).await;
    net.call(first, "write", [8]).await.unwrap();
    // What is written to already takes no more.
    net.call(first, "write", [8]).await.unwrap();
    let refused = net.call(second, "write", [3]).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0507");
    net.call(second, "write", [2]).await.unwrap();
    let refused = net.call(first, "elsewhere", [1]).await.unwrap_err();
    assert!(refused.message.contains("no more space"), "{refused}");
}

/// Grows by a page a message; each way in has a method of its own.
fn grower() -> String {
    canister(
        r#"(table funcref (elem $on_answer))
    (data (i32.const 100) "grow_in_query")
    (global $hooks (mut i32) (i32.const 0))
    (func $grow_heap (call $reply (memory.grow (i32.const 1))))
    (func (export "canister_update grow") (call $grow_heap))
    (func (export "canister_query grow_in_query") (call $grow_heap))
    (func (export "canister_update grow_in_callback")
        (call $call (i32.const 100) (i32.const 0) (i32.const 0) (i32.const 0))
        (drop (call $perform)))
    (func $on_answer (param i32) (call $grow_heap))
    (func (export "canister_on_low_wasm_memory")
        (global.set $hooks (i32.add (global.get $hooks) (i32.const 1))))
    (func (export "canister_query hooks") (call $reply (global.get $hooks)))"#,
    )
}

fn wasm_memory(limit: u64, threshold: u64) -> CanisterSettings {
    CanisterSettings {
        wasm_memory_limit: Some(limit.into()),
        wasm_memory_threshold: Some(threshold.into()),
        ..CanisterSettings::default()
    }
}

#[tokio::test]
async fn the_canisters_own_limit_on_its_heap_holds_for_updates_and_installing() {
    const PAGE: u64 = 65_536;
    let net = TestNet::new();
    let canister = net.deploy(&grower()).await;
    let settings = wasm_memory(2 * PAGE, 0);
    net.update_settings(canister, settings).await.unwrap();
    net.call(canister, "grow", []).await.unwrap();
    let refused = net.call(canister, "grow", []).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0539");
    let text = "exceeded its current Wasm memory limit of 131072 bytes. The peak Wasm memory usage was 196608 bytes.";
    assert!(refused.message.contains(text), "{refused}");
    net.query(canister, "grow_in_query", []).await.unwrap();
    let this = canister.as_slice();
    net.call(canister, "grow_in_callback", this).await.unwrap();
    // Beyond the limit, no update is executed at all.
    let refused = net.call(canister, "grow", []).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0539");
    let mode = CanisterInstallMode::Reinstall;
    let refused = net
        .install(mode, canister, wasm("(module (memory 3))"))
        .await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0539");
    net.install(mode, canister, wasm("(module (memory 2))"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_canister_is_told_once_when_its_heap_runs_low() {
    const PAGE: u64 = 65_536;
    let net = TestNet::new();
    let canister = net.deploy(&grower()).await;
    let settings = wasm_memory(10 * PAGE, 8 * PAGE);
    net.update_settings(canister, settings).await.unwrap();
    net.call(canister, "grow", []).await.unwrap();
    assert_eq!(net.query(canister, "hooks", []).await.unwrap(), [0]);
    net.call(canister, "grow", []).await.unwrap();
    eventually(async || net.query(canister, "hooks", []).await.unwrap() == [1]).await;
    net.call(canister, "grow", []).await.unwrap();
    assert_eq!(net.query(canister, "hooks", []).await.unwrap(), [1]);
}

#[tokio::test]
async fn replies_are_as_large_as_on_the_main_network() {
    let net = TestNet::new();
    let large = canister(
        r#"(func $large
        (drop (memory.grow (i32.const 63)))
        (call $append (i32.const 0) (i32.shl (call $arg) (i32.const 16)))
        (call $msg_reply))
    (func (export "canister_update update") (call $large))
    (func (export "canister_query query") (call $large))"#,
    );
    let canister = net.deploy(&large).await;
    for (bytes, update, query) in [
        (2 << 20, true, true),
        (3 << 20, false, true),
        ((3 << 20) + 65_536, false, false),
    ] {
        let pages = [(bytes >> 16) as u8];
        let outcome = net.call(canister, "update", pages).await;
        assert_eq!(outcome.is_ok(), update, "{bytes}");
        let outcome = net.query(canister, "query", pages).await;
        assert_eq!(outcome.is_ok(), query, "{bytes}");
    }
}
