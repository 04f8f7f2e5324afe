//! Stopping: what a canister that stops still does, and what becomes of those who wait for it.

use std::time::Duration;

use candid::{Encode, Principal};
use ic_localnet::network::{CanisterCall, NetworkLimits};
use ic_management_canister_types::{CanisterIdRecord, CanisterSettings, CanisterStatusType};

use crate::{
    deadlines::impatient,
    support::{MANAGEMENT, TestNet, call, canister, eventually, user},
};

/// Its method `m` asks the management canister to stop the canister, which cannot stop before that is answered. It
/// answers the reject code it gets, or tries again if `m` had an argument. It takes 400 cycles if there are any.
fn stuck() -> String {
    canister(
        r#"(table funcref (elem $answered))
    (data (i32.const 100) "stop_canister")
    (data (i32.const 200) "DIDL\01\6c\01\b3\c4\b1\f2\04\68\01\00\01")
    (func $stop (param $again i32)
        (call $call_new (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 13)
            (i32.const 0) (local.get $again) (i32.const 0) (local.get $again))
        (call $call_append (i32.const 200) (i32.const 16))
        (i32.store8 (i32.const 0) (call $self_size))
        (call $self_copy (i32.const 1) (i32.const 0) (call $self_size))
        (call $call_append (i32.const 0) (i32.add (call $self_size) (i32.const 1)))
        (if (call $perform) (then unreachable)))
    (func (export "canister_update m")
        (call $accept (i64.const 0) (i64.const 400) (i32.const 0))
        (call $stop (call $arg_size)))
    (func $answered (param $again i32)
        (if (local.get $again)
            (then (call $stop (local.get $again)))
            (else (call $reply (call $reject_code)))))"#,
    )
}

/// Deploys a canister that controls itself.
pub async fn deploy_stuck(net: &TestNet) -> Principal {
    let id = net.deploy(&stuck()).await;
    let settings = CanisterSettings {
        controllers: Some(vec![user(), id]),
        ..CanisterSettings::default()
    };
    net.update_settings(id, settings).await.unwrap();
    id
}

/// Waits until the canister is stopping.
pub async fn is_stopping(net: &TestNet, canister: Principal) {
    eventually(async || net.status(canister).await.status == CanisterStatusType::Stopping).await;
}

fn stop(canister_id: Principal) -> CanisterCall {
    let arg = Encode!(&CanisterIdRecord { canister_id }).unwrap();
    call(user(), MANAGEMENT, "stop_canister", arg)
}

#[tokio::test]
async fn whoever_waits_too_long_for_a_canister_to_stop_is_told() {
    let net = TestNet::with_limits(NetworkLimits {
        stop_timeout_ns: 500_000_000,
        ..NetworkLimits::default()
    });
    let canister_id = deploy_stuck(&net).await;
    let stop_again = call(user(), canister_id, "m", [1]);
    net.submit(stop_again).await.unwrap();
    is_stopping(&net, canister_id).await;
    let record = CanisterIdRecord { canister_id };
    let timed_out = net.manage("stop_canister", &record).await.unwrap_err();
    assert_eq!(&*timed_out.error_code, "IC0206");
    let status = net.status(canister_id).await.status;
    assert_eq!(status, CanisterStatusType::Stopping);
}

#[tokio::test]
async fn a_canister_stops_when_its_last_call_is_answered() {
    let (net, control) = TestNet::with_test_api(None);
    let caller = net.deploy(&impatient(100)).await;
    let callee = deploy_stuck(&net).await;
    let ask = call(user(), caller, "ask", callee.as_slice());
    let ask = net.submit(ask).await.unwrap();
    is_stopping(&net, callee).await;
    let stop = net.submit(stop(caller)).await.unwrap();
    is_stopping(&net, caller).await;
    let refused = net.call(caller, "ask", callee.as_slice()).await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0509");
    control.advance(Duration::from_secs(101)).await.unwrap();
    assert_eq!(net.outcome(ask).await.unwrap(), [6]);
    net.outcome(stop).await.unwrap();
    let refused = net.call(caller, "ask", callee.as_slice()).await;
    assert_eq!(&*refused.unwrap_err().error_code, "IC0508");
    let record = CanisterIdRecord {
        canister_id: caller,
    };
    net.manage("start_canister", record).await.unwrap();
    let outcome = net.call(caller, "ask", callee.as_slice()).await;
    assert_eq!(outcome.unwrap(), [5], "the callee is stopping");
}

#[tokio::test]
async fn starting_a_canister_ends_the_waiting_for_it_to_stop() {
    let net = TestNet::new();
    let canister_id = deploy_stuck(&net).await;
    let asked = net.submit(call(user(), canister_id, "m", [])).await;
    is_stopping(&net, canister_id).await;
    let stop = net.submit(stop(canister_id)).await.unwrap();
    let record = CanisterIdRecord { canister_id };
    net.manage("start_canister", record).await.unwrap();
    let cancelled = net.outcome(stop).await.unwrap_err();
    assert_eq!(&*cancelled.error_code, "IC0511");
    assert_eq!(net.outcome(asked.unwrap()).await.unwrap(), [5]);
    let status = net.status(canister_id).await.status;
    assert_eq!(status, CanisterStatusType::Running);
}
