//! Composite queries: what they can call, what they see, and where they end.

use candid::Principal;
use ic_localnet::network::{NetworkLimits, RejectCode};

use crate::support::{TestNet, call, canister, user};

/// `relay` answers what method `m` of the canister in its argument says; `nest` does so with its own `nest` in between,
/// endlessly if that is itself. The first byte of what they answer is the reject code.
fn caller() -> String {
    canister(
        r#"(table funcref (elem $on_reply $on_reject $trap_in_callback))
    (data (i32.const 100) "m")
    (data (i32.const 110) "nest")
    (global $seen (mut i32) (i32.const 0))
    (func $perform_call (if (call $perform) (then unreachable)))
    (func (export "canister_composite_query relay")
        (global.set $seen (i32.const 40))
        (call $call (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $perform_call))
    (func (export "canister_composite_query trap_after")
        (call $call (i32.const 100) (i32.const 1) (i32.const 2) (i32.const 1))
        (call $perform_call))
    (func (export "canister_composite_query nest")
        (call $call (i32.const 110) (i32.const 4) (i32.const 0) (i32.const 1))
        (call $call_append (i32.const 1000) (call $arg_size))
        (call $perform_call))
    (func (export "canister_composite_query m") (call $reply (i32.const 77)))
    (func (export "canister_query seen") (call $reply (global.get $seen)))
    (func (export "canister_update update_relay")
        (call $call (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $perform_call))
    ;; The heap and the globals are those that the method has left.
    (func $on_reply (param i32)
        (call $reply (i32.add (global.get $seen) (call $arg))))
    (func $on_reject (param i32) (call $reply (call $reject_code)))
    (func $trap_in_callback (param i32) unreachable)"#,
    )
}

fn callee(kind: &str, body: &str) -> String {
    canister(&format!(r#"(func (export "canister_{kind} m") {body})"#))
}

async fn query(net: &TestNet, canister: Principal, method: &str, arg: Principal) -> Vec<u8> {
    let reply = net.query(canister, method, arg.as_slice()).await;
    reply.unwrap()
}

#[tokio::test]
async fn queries_of_other_canisters_are_called() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    for (kind, body, answer) in [
        ("query", "(call $reply (i32.const 2))", 42),
        ("composite_query", "(call $reply (i32.const 2))", 42),
        // There is a certificate for the canister that was queried, and for no other.
        ("query", "(call $reply (call $certificate))", 40),
        ("query", "(call $reject (i32.const 0) (i32.const 0))", 4),
        ("query", "unreachable", 5),
        ("update", "(call $reply (i32.const 2))", 5),
    ] {
        let callee = net.deploy(&callee(kind, body)).await;
        assert_eq!(
            query(&net, caller, "relay", callee).await,
            [answer],
            "{kind} {body}"
        );
    }
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 255, 255, 1, 1]);
    assert_eq!(query(&net, caller, "relay", nobody).await, [3]);
    assert_eq!(query(&net, caller, "relay", caller).await, [40 + 77]);
    // What a query leaves in its memory is gone when it is answered.
    assert_eq!(net.query(caller, "seen", []).await.unwrap(), [0]);
}

#[tokio::test]
async fn a_trap_in_a_callback_ends_the_query() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    let refused = net.query(caller, "trap_after", caller.as_slice()).await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0502");
}

#[tokio::test]
async fn they_cannot_be_called_as_updates_nor_by_updates() {
    let net = TestNet::new();
    let caller = net.deploy(&caller()).await;
    let refused = net.call(caller, "relay", caller.as_slice()).await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0527");
    let reject_code = net.call(caller, "update_relay", caller.as_slice()).await;
    assert_eq!(reject_code.unwrap(), [RejectCode::CanisterError as u8]);
    let calling = "(call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))";
    let plain = net.deploy(&callee("query", calling)).await;
    let refused = net.query(plain, "m", []).await.unwrap_err();
    assert!(
        refused.message.contains("in non replicated query mode"),
        "{refused}"
    );
}

#[tokio::test]
async fn depth_and_instructions_of_all_together_are_bounded() {
    let net = TestNet::with_limits(NetworkLimits {
        query_instructions: 1_000_000,
        query_call_instructions: 1_000,
        ..NetworkLimits::default()
    });
    let caller = net.deploy(&caller()).await;
    // The innermost call is too deep, which all the others pass on as a reply.
    assert_eq!(query(&net, caller, "nest", caller).await, [5]);
    let endless = net
        .deploy(&callee("query", "(loop $again (br $again))"))
        .await;
    let query = call(user(), caller, "relay", endless.as_slice());
    let refused = net.network.query(query).await.unwrap_err();
    assert_eq!(&*refused.error_code, "IC0526", "{refused}");
}

/// `begin` makes `at_once` calls, and the first `callbacks` callbacks make `more` each. It replies when all are
/// answered, and traps if one cannot be made.
fn persistent(at_once: u32, callbacks: u32, more: u32) -> String {
    canister(&format!(
        r#"(table funcref (elem $on_answer))
    (data (i32.const 100) "m")
    (global $open (mut i32) (i32.const 0))
    (global $callbacks (mut i32) (i32.const {callbacks}))
    (func $ask (param $times i32)
        (call $self_copy (i32.const 0) (i32.const 0) (call $self_size))
        (loop $again
            (call $call_new (i32.const 0) (call $self_size) (i32.const 100) (i32.const 1)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
            (if (call $perform) (then unreachable))
            (global.set $open (i32.add (global.get $open) (i32.const 1)))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br_if $again (local.get $times))))
    (func (export "canister_composite_query begin") (call $ask (i32.const {at_once})))
    (func $on_answer (param i32)
        (global.set $open (i32.sub (global.get $open) (i32.const 1)))
        (if (global.get $callbacks)
            (then
                (global.set $callbacks (i32.sub (global.get $callbacks) (i32.const 1)))
                (call $ask (i32.const {more})))
            (else (if (i32.eqz (global.get $open)) (then (call $reply (i32.const 0)))))))
    (func (export "canister_query m") (call $reply (i32.const 0)))"#
    ))
}

#[tokio::test]
async fn calls_in_callbacks_are_bounded_in_number_and_in_instructions() {
    let net = TestNet::with_limits(NetworkLimits {
        query_instructions: 10_000_000,
        query_call_instructions: 500_000,
        outgoing_calls: 5,
        ..NetworkLimits::default()
    });
    for (at_once, callbacks, more, answer) in [
        (5, 1, 1, Ok(vec![0])),
        // Four calls still wait to be made.
        (5, 1, 2, Err("IC0502".to_owned())),
        (1, 10, 1, Ok(vec![0])),
        (1, 30, 1, Err("IC0526".to_owned())),
    ] {
        let caller = net.deploy(&persistent(at_once, callbacks, more)).await;
        let outcome = net.query(caller, "begin", []).await;
        let outcome = outcome.map_err(|e| e.error_code.into_owned());
        assert_eq!(outcome, answer, "{at_once} {callbacks} {more}");
    }
}

#[tokio::test]
async fn canisters_of_the_system_can_be_asked_too() {
    let net = TestNet::new();
    let cycles_minting = Principal::from_text("rkp4c-7iaaa-aaaaa-aaaca-cai").unwrap();
    let caller = net
        .deploy(&canister(
            r#"(table funcref (elem $on_reply $on_reject))
    (data (i32.const 100) "get_default_subnets")
    (func (export "canister_composite_query ask")
        (call $call (i32.const 100) (i32.const 19) (i32.const 0) (i32.const 1))
        (call $call_append (i32.const 200) (i32.const 0))
        (if (call $perform) (then unreachable)))
    (func $on_reply (param i32) (call $reply (i32.const 77)))
    (func $on_reject (param i32) (call $reply (call $reject_code)))"#,
        ))
        .await;
    assert_eq!(query(&net, caller, "ask", cycles_minting).await, [77]);
}
