//! Calls between canisters: replies, rejects, traps in callbacks, cleanup, calls to oneself.

use crate::support::{TestNet, canister};
use candid::Principal;
use ic_localnet::network::{NetworkLimits, RejectCode};

/// A caller: `relay` calls method `m` of the canister given by its argument and answers what came back,
/// `relay_and_trap` traps in the callback. A global counts what happened: +1 before the call, +16 in the cleanup
/// callback.
fn caller() -> String {
    canister(
        r#"(table funcref (elem $on_reply $on_reject $trap_in_callback $cleanup))
    (data (i32.const 100) "m")
    (data (i32.const 110) "calls")
    (data (i32.const 120) "ping")
    (global $calls (mut i32) (i32.const 0))
    (func $count (param i32) (global.set $calls (i32.add (global.get $calls) (local.get 0))))
    ;; Calls the canister whose id is in memory at 200, with the callbacks at the given places in the table.
    (func $call_m (param $size i32) (param $on_reply i32) (param $on_reject i32)
        (call $call_new (i32.const 200) (local.get $size) (i32.const 100) (i32.const 1)
            (local.get $on_reply) (i32.const 7) (local.get $on_reject) (i32.const 7))
        (call $on_cleanup (i32.const 3) (i32.const 16))
        (call $call_append (i32.const 120) (i32.const 4))
        (call $best_effort (i32.const 10))
        (if (call $perform) (then unreachable)))
    (func $callee_from_arg (result i32)
        (call $arg_copy (i32.const 200) (i32.const 0) (call $arg_size))
        (call $arg_size))
    (func (export "canister_update relay")
        (call $count (i32.const 1))
        (call $call_m (call $callee_from_arg) (i32.const 0) (i32.const 1)))
    (func (export "canister_update relay_and_trap")
        (call $count (i32.const 1))
        (call $call_m (call $callee_from_arg) (i32.const 2) (i32.const 2)))
    (func (export "canister_update call_self")
        (call $self_copy (i32.const 200) (i32.const 0) (call $self_size))
        (call $call_m (call $self_size) (i32.const 0) (i32.const 1)))
    (func (export "canister_update m") (call $append (i32.const 110) (i32.const 5)) (call $msg_reply))
    (func $on_reply (param $env i32)
        (call $arg_copy (i32.const 300) (i32.const 0) (call $arg_size))
        (call $append (i32.const 300) (call $arg_size))
        (call $msg_reply))
    (func $on_reject (param $env i32)
        (i32.store8 (i32.const 300) (call $reject_code))
        (call $reject_copy (i32.const 301) (i32.const 0) (call $reject_size))
        (call $append (i32.const 300) (i32.add (call $reject_size) (i32.const 1)))
        (call $msg_reply))
    (func $trap_in_callback (param $env i32) (call $count (i32.const 100)) unreachable)
    (func $cleanup (param $env i32) (call $count (local.get $env)))
    (func (export "canister_query calls") (call $reply (global.get $calls)))"#,
    )
}

/// A callee whose method `m` does what the body says; it echoes its argument with `$echo`.
fn callee(body: &str) -> String {
    canister(&format!(
        r#"(data (i32.const 50) "no, thanks")
    (func $echo
        (call $arg_copy (i32.const 0) (i32.const 0) (call $arg_size))
        (call $append (i32.const 0) (call $arg_size))
        (call $msg_reply))
    (func (export "canister_update m") {body})"#
    ))
}

async fn relay(net: &TestNet, caller: Principal, callee: Principal) -> Vec<u8> {
    net.call(caller, "relay", callee.as_slice()).await.unwrap()
}

#[tokio::test]
async fn a_reply_comes_back() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    let callee = net.deploy(&callee("(call $echo)")).await;
    assert_eq!(relay(&net, caller, callee).await, b"ping");
}

#[tokio::test]
async fn a_canister_can_call_itself() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    assert_eq!(net.call(caller, "call_self", []).await.unwrap(), b"calls");
}

#[tokio::test]
async fn rejects_arrive_with_code_and_message() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    let rejecting = net
        .deploy(&callee("(call $reject (i32.const 50) (i32.const 10))"))
        .await;
    let trapping = net.deploy(&callee("unreachable")).await;
    let silent = net.deploy(&callee("")).await;
    let empty = net.create().await;
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 255, 255, 1, 1]);
    for (callee, code, text) in [
        (rejecting, RejectCode::CanisterReject, "no, thanks"),
        (
            trapping,
            RejectCode::CanisterError,
            "Canister trapped: unreachable",
        ),
        (silent, RejectCode::CanisterError, "did not reply"),
        (empty, RejectCode::CanisterError, "contains no Wasm module"),
        (nobody, RejectCode::DestinationInvalid, "not found"),
    ] {
        let seen = relay(&net, caller, callee).await;
        assert_eq!(seen[0], code as u8);
        let message = String::from_utf8_lossy(&seen[1..]);
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn a_trap_in_a_callback_runs_the_cleanup_and_rejects_the_call() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    let callee = net.deploy(&callee("(call $echo)")).await;
    let rejection = net
        .call(caller, "relay_and_trap", callee.as_slice())
        .await
        .unwrap_err();
    assert_eq!(
        (rejection.code, &*rejection.error_code),
        (RejectCode::CanisterError, "IC0502")
    );
    // What was done before the call stays, what the callback did is undone, the cleanup's work counts.
    assert_eq!(net.query(caller, "calls", []).await.unwrap(), [17]);
}

#[tokio::test]
async fn names_and_reject_messages_are_bounded() {
    let talkative = canister(
        r#"(func $grow_heap (drop (memory.grow (i32.const 160))))
    (func (export "canister_update long_reject") (call $grow_heap)
        (call $reject (i32.const 0) (i32.const 9000)))
    (func (export "canister_update endless_reject") (call $grow_heap)
        (call $reject (i32.const 0) (i32.const 10485761)))
    (func (export "canister_update endless_name")
        (call $call_new (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 20001)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"#,
    );
    let net = TestNet::new();
    let canister = net.deploy(&talkative).await;
    let long = net.call(canister, "long_reject", []).await.unwrap_err();
    assert_eq!(
        (long.code, long.message.len()),
        (RejectCode::CanisterReject, 8192)
    );
    for (method, text) in [
        ("endless_reject", "cannot be larger than 2097152"),
        ("endless_name", "exceeds the allowed limit of 20000"),
    ] {
        let trap = net.call(canister, method, []).await.unwrap_err();
        assert_eq!(&*trap.error_code, "IC0504");
        assert!(trap.message.contains(text), "{trap}");
    }
}

/// Makes two calls of `m` of the canister in its argument, with 20000 bytes each. Answers what the second `call_perform` gives if that is not
/// 0, or else the first reject code that comes back.
fn double_caller() -> String {
    canister(
        r#"(table funcref (elem $ignore $on_reject))
    (data (i32.const 100) "m")
    (func $call_m (result i32)
        (call $call (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $call_append (i32.const 0) (i32.const 20000))
        (call $perform))
    (func (export "canister_update twice")
        (local $failed i32)
        (if (call $call_m) (then unreachable))
        (local.set $failed (call $call_m))
        (if (local.get $failed) (then (call $reply (local.get $failed)))))
    (func $ignore (param i32))
    (func $on_reject (param i32) (call $reply (call $reject_code)))"#,
    )
}

#[tokio::test]
async fn calls_that_find_no_room_fail_at_once_or_are_rejected() {
    let one_call = NetworkLimits {
        outgoing_calls: 1,
        ..NetworkLimits::default()
    };
    let one_place = NetworkLimits {
        canister_queue: 1,
        ..NetworkLimits::default()
    };
    let few_bytes_at_once = NetworkLimits {
        outgoing_bytes: 30_000,
        ..NetworkLimits::default()
    };
    let few_bytes_waiting = NetworkLimits {
        canister_queue_bytes: 30_000,
        ..NetworkLimits::default()
    };
    for limits in [one_call, one_place, few_bytes_at_once, few_bytes_waiting] {
        let net = TestNet::with_limits(limits);
        let caller = net.deploy(&double_caller()).await;
        let callee = net.deploy(&callee("(call $echo)")).await;
        let code = net.call(caller, "twice", callee.as_slice()).await;
        assert_eq!(code.unwrap(), [RejectCode::SysTransient as u8]);
    }
}

#[tokio::test]
async fn a_trap_in_the_cleanup_is_told_together_with_the_one_before() {
    let clumsy = caller().replace(
        "(func $cleanup (param $env i32) (call $count (local.get $env)))",
        "(func $cleanup (param $env i32) (call $count (local.get $env)) (drop (i32.div_u (i32.const 1) (i32.const 0))))",
    );
    let net = TestNet::new();
    let caller = net.deploy(&clumsy).await;
    let callee = net.deploy(&callee("(call $echo)")).await;
    let rejection = net
        .call(caller, "relay_and_trap", callee.as_slice())
        .await
        .unwrap_err();
    let text = "Canister trapped: unreachable\n\ncall_on_cleanup also failed:\n\nCanister trapped: integer division by 0";
    assert!(rejection.message.ends_with(text), "{rejection}");
    assert_eq!(net.query(caller, "calls", []).await.unwrap(), [1]);
}
