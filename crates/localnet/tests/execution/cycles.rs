//! Cycles that go along with a call: whatever becomes of it, they are with the callee or back with the caller.

use candid::{Encode, Principal};
use ic_localnet::network::NetworkLimits;
use ic_management_canister_types::{CanisterIdRecord, CanisterSettings, UninstallCodeArgs};

use crate::{
    stopping::{deploy_stuck, is_stopping},
    support::{MANAGEMENT, TestNet, call, canister, eventually, user},
};

/// `send` makes a call with 1000 cycles and answers how many came back. Its argument is the length of the callee's id
/// and the id, the length of the method's name and the name, and the argument.
fn giver() -> String {
    canister(
        r#"(table funcref (elem $answered))
    (func (export "canister_update send")
        (local $id_size i32) (local $name i32) (local $name_size i32)
        (call $arg_copy (i32.const 1000) (i32.const 0) (call $arg_size))
        (local.set $id_size (i32.load8_u (i32.const 1000)))
        (local.set $name (i32.add (i32.const 1002) (local.get $id_size)))
        (local.set $name_size (i32.load8_u (i32.sub (local.get $name) (i32.const 1))))
        (call $call_new (i32.const 1001) (local.get $id_size) (local.get $name) (local.get $name_size)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (call $call_append (i32.add (local.get $name) (local.get $name_size))
            (i32.sub (call $arg_size)
                (i32.add (i32.const 2) (i32.add (local.get $id_size) (local.get $name_size)))))
        (call $add_cycles (i64.const 0) (i64.const 1000))
        (if (call $perform) (then unreachable)))
    (func $answered (param i32)
        (call $refunded (i32.const 0))
        (call $append (i32.const 0) (i32.const 16))
        (call $msg_reply))
    (func (export "canister_update hesitate")
        (call $call_new (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (call $add_cycles (i64.const 0) (i64.const 1000))
        (call $msg_reply))"#,
    )
}

fn sending(callee: Principal, method: &str, arg: &[u8]) -> Vec<u8> {
    let callee = callee.as_slice();
    let sizes = [[callee.len() as u8], [method.len() as u8]];
    let parts: [&[u8]; 5] = [&sizes[0], callee, &sizes[1], method.as_bytes(), arg];
    parts.concat()
}

/// Takes cycles, and sometimes keeps them.
fn taker() -> String {
    let accept = "(call $accept (i64.const 0) (i64.const 400) (i32.const 0))";
    canister(&format!(
        r#"(func (export "canister_update accept") {accept} (call $msg_reply))
    (func (export "canister_update accept_silently") {accept})
    (func (export "canister_update accept_and_reject") {accept}
        (call $reject (i32.const 0) (i32.const 0)))
    (func (export "canister_update accept_and_trap") {accept} unreachable)"#
    ))
}

async fn let_control(net: &TestNet, controller: Principal, canister: Principal) {
    let settings = CanisterSettings {
        controllers: Some(vec![user(), controller, canister]),
        ..CanisterSettings::default()
    };
    net.update_settings(canister, settings).await.unwrap();
}

#[tokio::test]
async fn no_cycles_are_lost_nor_made() {
    let net = TestNet::with_limits(NetworkLimits {
        stop_timeout_ns: 200_000_000,
        ..NetworkLimits::default()
    });
    let giver = net.deploy(&giver()).await;
    let taker = net.deploy(&taker()).await;
    let stuck = deploy_stuck(&net).await;
    for canister in [taker, stuck] {
        let_control(&net, giver, canister).await;
    }
    let stop_again = call(user(), stuck, "m", [1]);
    net.submit(stop_again).await.unwrap();
    is_stopping(&net, stuck).await;
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 255, 255, 1, 1]);
    for (callee, method, about, taken) in [
        (taker, "accept", None, 400_u128),
        (taker, "accept_silently", None, 400),
        (taker, "accept_and_reject", None, 400),
        (taker, "accept_and_trap", None, 0),
        (taker, "unknown", None, 0),
        (stuck, "m", None, 0),
        (nobody, "m", None, 0),
        (MANAGEMENT, "deposit_cycles", Some(taker), 1000),
        (MANAGEMENT, "deposit_cycles", Some(nobody), 0),
        (MANAGEMENT, "canister_status", Some(taker), 0),
        (MANAGEMENT, "unknown", None, 0),
        // It cannot stop in time.
        (MANAGEMENT, "stop_canister", Some(stuck), 0),
        (MANAGEMENT, "stop_canister", Some(taker), 0),
        (taker, "accept", None, 0),
    ] {
        let arg = about.map(|canister_id| Encode!(&CanisterIdRecord { canister_id }).unwrap());
        let arg = sending(callee, method, &arg.unwrap_or_default());
        let before = (net.cycles(giver).await, net.cycles(taker).await);
        let refund = net.call(giver, "send", arg).await.unwrap();
        let after = (net.cycles(giver).await, net.cycles(taker).await);
        assert_eq!(refund, (1000 - taken).to_le_bytes(), "{callee} {method}");
        let expected = (before.0 - taken, before.1 + taken);
        assert_eq!(after, expected, "{callee} {method}");
    }
}

#[tokio::test]
async fn uninstalling_rejects_open_calls_and_gives_back_what_is_not_taken() {
    let net = TestNet::new();
    let giver = net.deploy(&giver()).await;
    let stuck = deploy_stuck(&net).await;
    let before = (net.cycles(giver).await, net.cycles(stuck).await);
    let send = call(user(), giver, "send", sending(stuck, "m", &[]));
    let send = net.submit(send).await.unwrap();
    is_stopping(&net, stuck).await;
    let args = UninstallCodeArgs {
        canister_id: stuck,
        sender_canister_version: None,
    };
    net.manage("uninstall_code", args).await.unwrap();
    let refund = net.outcome(send).await.unwrap();
    assert_eq!(refund, 600_u128.to_le_bytes());
    let after = (net.cycles(giver).await, net.cycles(stuck).await);
    assert_eq!(after, (before.0 - 400, before.1 + 400));
}

#[tokio::test]
async fn starting_gives_back_what_came_with_the_wish_to_stop() {
    let net = TestNet::new();
    let giver = net.deploy(&giver()).await;
    let stuck = deploy_stuck(&net).await;
    let_control(&net, giver, stuck).await;
    net.submit(call(user(), stuck, "m", [1])).await.unwrap();
    is_stopping(&net, stuck).await;
    let record = CanisterIdRecord { canister_id: stuck };
    let arg = Encode!(&record).unwrap();
    let before = net.cycles(giver).await;
    let send = call(
        user(),
        giver,
        "send",
        sending(MANAGEMENT, "stop_canister", &arg),
    );
    let send = net.submit(send).await.unwrap();
    eventually(async || net.cycles(giver).await == before - 1000).await;
    net.manage("start_canister", record).await.unwrap();
    let refund = net.outcome(send).await.unwrap();
    assert_eq!(refund, 1000_u128.to_le_bytes());
    assert_eq!(net.cycles(giver).await, before);
}

#[tokio::test]
async fn a_call_that_is_not_performed_gives_its_cycles_back() {
    let net = TestNet::new();
    let giver = net.deploy(&giver()).await;
    let before = net.cycles(giver).await;
    net.call(giver, "hesitate", []).await.unwrap();
    assert_eq!(net.cycles(giver).await, before);
}
