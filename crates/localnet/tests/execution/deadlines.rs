//! Waiting that ends: bounded-wait calls.

use ic_localnet::network::NetworkLimits;

use crate::{
    stopping::deploy_stuck,
    support::{TestNet, canister, eventually},
};

/// Calls `m` of the canister in its argument; waits no longer than `seconds`, and answers the reject code, or 100 if
/// there is a reply.
pub fn impatient(seconds: u32) -> String {
    canister(&format!(
        r#"(table funcref (elem $on_reply $on_reject))
    (data (i32.const 100) "m")
    (func (export "canister_update ask")
        (call $call (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $best_effort (i32.const {seconds}))
        (call $add_cycles (i64.const 0) (i64.const 1000))
        (if (call $perform) (then unreachable)))
    (func $on_reply (param i32) (call $reply (i32.const 100)))
    (func $on_reject (param i32) (call $reply (call $reject_code)))"#
    ))
}

#[tokio::test]
async fn a_bounded_wait_call_is_answered_at_its_deadline() {
    let net = TestNet::with_limits(NetworkLimits {
        stop_timeout_ns: 2_000_000_000,
        ..NetworkLimits::default()
    });
    let caller = net.deploy(&impatient(1)).await;
    let callee = deploy_stuck(&net).await;
    let before = net.cycles(caller).await;
    let answer = net.call(caller, "ask", callee.as_slice()).await;
    assert_eq!(answer.unwrap(), [6]);
    // The answer comes too late; only the cycles come back that were not taken.
    eventually(async || net.cycles(caller).await == before - 400).await;
}

#[tokio::test]
async fn a_call_that_is_answered_in_time_is_not_answered_again() {
    let net = TestNet::new();
    let caller = net.deploy(&impatient(300)).await;
    let callee = net
        .deploy(&canister(
            r#"(func (export "canister_update m") (call $reply (i32.const 0)))"#,
        ))
        .await;
    let answer = net.call(caller, "ask", callee.as_slice()).await;
    assert_eq!(answer.unwrap(), [100]);
}

#[tokio::test]
async fn callees_see_the_deadline_of_their_caller() {
    /// Replies to a deadline that is `seconds` ahead; queries have none.
    fn callee(kind: &str, seconds: u64) -> String {
        canister(&format!(
            r#"(func (export "canister_{kind} m")
        (if (i64.ne (call $deadline) (i64.const 0))
            (then (if (i64.gt_u (call $deadline) (i64.add (call $time) (i64.const {seconds}000000000)))
                (then unreachable))
                (call $reply (i32.const 0)))
            (else (call $reject (i32.const 0) (i32.const 0)))))"#
        ))
    }
    let net = TestNet::new();
    let answered = 100;
    let no_deadline = 4;
    for (timeout, kind, seconds, answer) in [
        (30, "update", 30, answered),
        // Longer ones are cut.
        (100_000, "update", 300, answered),
        (30, "query", 0, no_deadline),
    ] {
        let caller = net.deploy(&impatient(timeout)).await;
        let callee = net.deploy(&callee(kind, seconds)).await;
        let outcome = net.call(caller, "ask", callee.as_slice()).await;
        assert_eq!(outcome.unwrap(), [answer], "{timeout} {kind}");
    }
}
