//! What happens on its own: timers, heartbeats, certificates being renewed. And what goes on at the same time.

use std::time::{Duration, Instant};

use ic_localnet::network::NetworkLimits;
use ic_management_canister_types::CanisterIdRecord;

use crate::support::{TestNet, call, eventually, timer, user};

#[tokio::test]
async fn a_timer_fires_and_can_be_set_again() {
    let net = TestNet::new();
    let canister = net.deploy(&timer(20_000_000, 3)).await;
    eventually(async || net.query(canister, "fired", []).await.unwrap() == [3]).await;
}

#[tokio::test]
async fn a_heartbeat_comes_by_itself() {
    const HEARTBEAT: &str = r#"(module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func (export "canister_heartbeat") (i32.store8 (i32.const 0) (i32.const 1)))
        (func (export "canister_query beats") (call $append (i32.const 0) (i32.const 1)) (call $reply)))"#;
    let net = TestNet::new();
    let canister = net.deploy(HEARTBEAT).await;
    eventually(async || net.query(canister, "beats", []).await.unwrap() == [1]).await;
}

#[tokio::test]
async fn certificates_are_renewed_when_nothing_happens() {
    let net = TestNet::new();
    let first = net.network.certified().time_ns();
    eventually(async || net.network.certified().time_ns() > first).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_do_not_wait_for_a_long_update() {
    const SLOW: &str = r#"(module
        (import "ic0" "msg_reply" (func $reply))
        (func (export "canister_update slow")
            (local $n i64)
            (loop $again
                (local.set $n (i64.add (local.get $n) (i64.const 1)))
                (br_if $again (i64.lt_u (local.get $n) (i64.const 300000000))))
            (call $reply))
        (func (export "canister_query quick") (call $reply)))"#;
    let net = TestNet::new();
    let canister = net.deploy(SLOW).await;
    let started = Instant::now();
    let update = net
        .submit(call(user(), canister, "slow", []))
        .await
        .unwrap();
    let mut queries = 0;
    while net.network.outcome(&update, Duration::ZERO).await.is_none() {
        net.query(canister, "quick", []).await.unwrap();
        queries += 1;
    }
    net.outcome(update).await.unwrap();
    assert!(
        queries > 3,
        "{queries} queries were answered in {:?} beside the update",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_do_not_wait_for_long_queries() {
    const SLOW: &str = r#"(module
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func (export "canister_update count")
            (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
            (call $reply))
        (func (export "canister_query slow") (loop $again (br $again))))"#;
    let net = TestNet::with_limits(NetworkLimits {
        parallel_queries: 1,
        query_instructions: 2_000_000_000,
        ..NetworkLimits::default()
    });
    let canister = net.deploy(SLOW).await;
    let slow = || {
        let network = net.network.clone();
        tokio::spawn(async move { network.query(call(user(), canister, "slow", [])).await })
    };
    let (running, waiting) = (slow(), slow());
    for _ in 0..4 {
        net.call(canister, "count", []).await.unwrap();
    }
    assert!(!running.is_finished() || !waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn a_timer_that_is_due_when_its_canister_stops_fires_after_the_start() {
    // Spins for longer than a batch takes, so that the timer is due when the next one begins with the stop.
    const ARMED: &str = r#"(module
        (import "ic0" "time" (func $time (result i64)))
        (import "ic0" "global_timer_set" (func $set (param i64) (result i64)))
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func (export "canister_update arm")
            (local $n i64)
            (drop (call $set (call $time)))
            (loop $again
                (local.set $n (i64.add (local.get $n) (i64.const 1)))
                (br_if $again (i64.lt_u (local.get $n) (i64.const 100000000))))
            (call $reply))
        (func (export "canister_global_timer") (i32.store8 (i32.const 0) (i32.const 1)))
        (func (export "canister_query fired") (call $append (i32.const 0) (i32.const 1)) (call $reply)))"#;
    let net = TestNet::new();
    let canister_id = net.deploy(ARMED).await;
    let record = CanisterIdRecord { canister_id };
    eventually(async || {
        let arm = call(user(), canister_id, "arm", []);
        let arm = net.submit(arm).await.unwrap();
        net.manage("stop_canister", &record).await.unwrap();
        // If the stop came first, try again.
        let armed = net.outcome(arm).await.is_ok();
        net.manage("start_canister", &record).await.unwrap();
        armed
    })
    .await;
    eventually(async || net.query(canister_id, "fired", []).await.unwrap() == [1]).await;
}
