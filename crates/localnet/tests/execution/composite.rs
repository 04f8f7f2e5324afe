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
