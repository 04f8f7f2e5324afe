//! Limits on memory: those of the network, and those that a canister sets itself.

use ic_localnet::network::NetworkLimits;
use ic_management_canister_types::{
    CanisterInstallMode, CanisterSettings, ProvisionalCreateCanisterWithCyclesArgs, UploadChunkArgs,
};

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

/// The function writes to `pages` pages of stable memory, beginning with the one numbered `from`.
fn writing(function: &str, from: u64, pages: u64) -> String {
    canister(&format!(
        r#"(func (export "{function}")
        (local $n i64)
        (drop (call $grow (i64.const 16)))
        (local.set $n (i64.const {pages}))
        (loop $again
            (local.set $n (i64.sub (local.get $n) (i64.const 1)))
            (call $write
                (i64.mul (i64.const 4096) (i64.add (i64.const {from}) (local.get $n)))
                (i64.const 0) (i64.const 1))
            (br_if $again (i64.ne (local.get $n) (i64.const 0)))))"#
    ))
}

#[tokio::test]
async fn an_installation_takes_the_room_there_is_once_and_that_of_what_it_replaces() {
    let net = TestNet::with_limits(NetworkLimits {
        all_stable_bytes: 10 * 4096,
        ..NetworkLimits::default()
    });
    let id = net.deploy(&writing("canister_pre_upgrade", 0, 6)).await;
    let too_much = writing("canister_post_upgrade", 100, 5);
    let refused = net.upgrade(id, &too_much).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0507");
    let enough = writing("canister_post_upgrade", 100, 4);
    net.upgrade(id, &enough).await.unwrap();
    for (pages, error_code) in [(10, None), (11, Some("IC0507"))] {
        let module = wasm(&writing("canister_init", 0, pages));
        let outcome = net
            .install(CanisterInstallMode::Reinstall, id, module)
            .await;
        let refused = outcome.err().map(|refused| refused.error_code);
        assert_eq!(refused.as_deref(), error_code, "{pages}");
    }
}

#[tokio::test]
async fn all_canisters_share_the_space_for_heaps() {
    let net = TestNet::with_limits(NetworkLimits {
        all_heap_bytes: 4 * 65_536,
        ..NetworkLimits::default()
    });
    let first = net.deploy(&grower()).await;
    let second = net.deploy(&grower()).await;
    for canister in [first, second] {
        net.call(canister, "grow", []).await.unwrap();
    }
    let refused = net.call(first, "grow", []).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0507");
    assert!(refused.message.contains("no more space"), "{refused}");
    let third = net.create().await;
    let module = wasm("(module (memory 1))");
    let refused = net
        .install(CanisterInstallMode::Install, third, module.clone())
        .await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0507");
    net.install(CanisterInstallMode::Reinstall, second, module)
        .await
        .unwrap();
    net.call(first, "grow", []).await.unwrap();
}

#[tokio::test]
async fn all_canisters_share_the_space_for_chunks() {
    let net = TestNet::with_limits(NetworkLimits {
        all_chunk_bytes: 10,
        ..NetworkLimits::default()
    });
    let (first, second) = (net.create().await, net.create().await);
    for (canister_id, bytes, error_code) in [
        (first, 6, None),
        // What is stored already takes no more.
        (first, 6, None),
        (second, 6, Some("IC0507")),
        (second, 4, None),
    ] {
        let args = UploadChunkArgs {
            canister_id,
            chunk: vec![0; bytes],
        };
        let refused = net.manage("upload_chunk", args).await.err();
        let refused = refused.map(|refused| refused.error_code);
        assert_eq!(refused.as_deref(), error_code, "{bytes}");
    }
}

#[tokio::test]
async fn there_are_so_many_canisters() {
    let net = TestNet::with_limits(NetworkLimits {
        canisters: 1,
        ..NetworkLimits::default()
    });
    net.create().await;
    let args = ProvisionalCreateCanisterWithCyclesArgs::default();
    let refused = net
        .manage("provisional_create_canister_with_cycles", args)
        .await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0102");
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
