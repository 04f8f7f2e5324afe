//! Which functions of the System API can be called from where: the specification's table, section "Overview of imports",
//! against the network.

use std::fmt::Write as _;

use candid::Principal;
use ic_localnet::network::Rejection;
use ic_management_canister_types::CanisterInstallMode;

use crate::support::{TestNet, wasm};

/// The name, the parameters and the result of each function, and from where it can be called.
const FUNCTIONS: &[(&str, &str, &str, &str)] = &[
    ("msg_arg_data_size", "", "i32", "I U RQ NRQ CQ Ry CRy F"),
    (
        "msg_arg_data_copy",
        "i32 i32 i32",
        "",
        "I U RQ NRQ CQ Ry CRy F",
    ),
    ("msg_caller_size", "", "i32", "*"),
    ("msg_caller_copy", "i32 i32 i32", "", "*"),
    ("msg_reject_code", "", "i32", "Ry Rt CRy CRt"),
    ("msg_reject_msg_size", "", "i32", "Rt CRt"),
    ("msg_reject_msg_copy", "i32 i32 i32", "", "Rt CRt"),
    ("msg_deadline", "", "i64", "U RQ NRQ CQ Ry Rt CRy CRt"),
    (
        "msg_reply_data_append",
        "i32 i32",
        "",
        "U RQ NRQ CQ Ry Rt CRy CRt",
    ),
    ("msg_reply", "", "", "U RQ NRQ CQ Ry Rt CRy CRt"),
    ("msg_reject", "i32 i32", "", "U RQ NRQ CQ Ry Rt CRy CRt"),
    ("msg_cycles_available128", "i32", "", "U RQ Rt Ry"),
    ("msg_cycles_refunded128", "i32", "", "Rt Ry"),
    ("msg_cycles_accept128", "i64 i64 i32", "", "U RQ Rt Ry"),
    ("cycles_burn128", "i64 i64 i32", "", "I G U RQ Ry Rt C T"),
    ("canister_self_size", "", "i32", "*"),
    ("canister_self_copy", "i32 i32 i32", "", "*"),
    ("canister_cycle_balance128", "i32", "", "*"),
    ("canister_liquid_cycle_balance128", "i32", "", "*"),
    ("canister_status", "", "i32", "*"),
    ("canister_version", "", "i64", "*"),
    ("subnet_self_size", "", "i32", "*"),
    ("subnet_self_copy", "i32 i32 i32", "", "*"),
    ("root_key_size", "", "i32", "*"),
    ("root_key_copy", "i32 i32 i32", "", "*"),
    ("msg_method_name_size", "", "i32", "F"),
    ("msg_method_name_copy", "i32 i32 i32", "", "F"),
    ("accept_message", "", "", "F"),
    (
        "call_new",
        "i32 i32 i32 i32 i32 i32 i32 i32",
        "",
        "U CQ Ry Rt CRy CRt T",
    ),
    ("call_on_cleanup", "i32 i32", "", "U CQ Ry Rt CRy CRt T"),
    ("call_data_append", "i32 i32", "", "U CQ Ry Rt CRy CRt T"),
    (
        "call_with_best_effort_response",
        "i32",
        "",
        "U CQ Ry Rt CRy CRt T",
    ),
    ("call_cycles_add128", "i64 i64", "", "U Ry Rt T"),
    ("call_perform", "", "i32", "U CQ Ry Rt CRy CRt T"),
    ("stable64_size", "", "i64", "* s"),
    ("stable64_grow", "i64", "i64", "* s"),
    ("stable64_write", "i64 i64 i64", "", "* s"),
    ("stable64_read", "i64 i64 i64", "", "* s"),
    ("certified_data_set", "i32 i32", "", "I G U Ry Rt T"),
    ("data_certificate_present", "", "i32", "*"),
    ("data_certificate_size", "", "i32", "NRQ CQ"),
    ("data_certificate_copy", "i32 i32 i32", "", "NRQ CQ"),
    ("time", "", "i64", "*"),
    ("global_timer_set", "i64", "i64", "I G U Ry Rt C T"),
    ("performance_counter", "i32", "i64", "* s"),
    ("is_controller", "i32 i32", "i32", "* s"),
    ("in_replicated_execution", "", "i32", "* s"),
    ("cost_call", "i64 i64 i32", "", "* s"),
    ("cost_create_canister", "i32", "", "* s"),
    ("cost_http_request", "i64 i64 i32", "", "* s"),
    ("cost_sign_with_ecdsa", "i32 i32 i32 i32", "i32", "* s"),
    ("cost_sign_with_schnorr", "i32 i32 i32 i32", "i32", "* s"),
    ("cost_vetkd_derive_key", "i32 i32 i32 i32", "i32", "* s"),
    ("env_var_count", "", "i32", "*"),
    ("env_var_name_size", "i32", "i32", "*"),
    ("env_var_name_copy", "i32 i32 i32 i32", "", "*"),
    ("env_var_name_exists", "i32 i32", "i32", "*"),
    ("env_var_value_size", "i32 i32", "i32", "*"),
    ("env_var_value_copy", "i32 i32 i32 i32 i32", "", "*"),
    ("debug_print", "i32 i32", "", "* s"),
    ("msg_cycles_available", "", "i64", "U RQ Rt Ry"),
    ("msg_cycles_refunded", "", "i64", "Rt Ry"),
    ("msg_cycles_accept", "i64", "i64", "U RQ Rt Ry"),
    ("canister_cycle_balance", "", "i64", "*"),
    ("call_cycles_add", "i64", "", "U Ry Rt T"),
    ("stable_size", "", "i32", "* s"),
    ("stable_grow", "i32", "i32", "* s"),
    ("stable_write", "i32 i32 i32", "", "* s"),
    ("stable_read", "i32 i32 i32", "", "* s"),
];

/// A canister that calls the function with the number that it is given, with zeros, wherever it is asked to.
fn prober() -> String {
    let mut imports = String::new();
    let mut functions = String::new();
    let mut table = String::new();
    for (n, (name, params, result, _)) in FUNCTIONS.iter().enumerate() {
        let results = if result.is_empty() {
            String::new()
        } else {
            format!("(result {result})")
        };
        writeln!(
            imports,
            r#"(import "ic0" "{name}" (func ${name} (param {params}) {results}))"#
        )
        .unwrap();
        let zeros = params
            .split_whitespace()
            .map(|ty| format!("({ty}.const 0)"));
        let call = format!("(call ${name} {})", zeros.collect::<String>());
        let call = if result.is_empty() {
            call
        } else {
            format!("(drop {call})")
        };
        writeln!(functions, "(func $probe{n} (param i32) {call})").unwrap();
        write!(table, " $probe{n}").unwrap();
    }
    format!(
        r#"(module {imports}
    (type $probe (func (param i32)))
    (memory 1)
    (table funcref (elem {table}))
    (data (i32.const 100) "answer")
    (data (i32.const 110) "answer_query")
    (global $armed (mut i32) (i32.const -1))
    {functions}
    (func $number (result i32)
        (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1))
        (i32.load8_u (i32.const 0)))
    (func $probe (call_indirect (type $probe) (i32.const 0) (call $number)))
    (func $has_number (result i32) (i32.eq (call $msg_arg_data_size) (i32.const 1)))
    (func $call_self (param $name i32) (param $size i32)
        (call $canister_self_copy (i32.const 200) (i32.const 0) (call $canister_self_size))
        (call $call_new (i32.const 200) (call $canister_self_size) (local.get $name) (local.get $size)
            (call $number) (i32.const 0) (call $number) (i32.const 0))
        (drop (call $call_perform)))
    (func (export "canister_init") (if (call $has_number) (then (call $probe))))
    (func (export "canister_update arm") (global.set $armed (call $number)) (call $msg_reply))
    (func (export "canister_pre_upgrade")
        (if (i32.ge_s (global.get $armed) (i32.const 0))
            (then (call_indirect (type $probe) (i32.const 0) (global.get $armed)))))
    (func (export "canister_inspect_message")
        ;; `F`, and a number after that.
        (if (i32.eq (call $msg_arg_data_size) (i32.const 2)) (then (call $probe)))
        (call $accept_message))
    (func (export "canister_update U") (call $probe))
    (func (export "canister_query Q") (call $probe))
    (func (export "canister_composite_query CQ") (call $probe))
    (func (export "canister_update answer") (call $msg_reply))
    (func (export "canister_query answer_query") (call $msg_reply))
    (func (export "canister_update Ry") (call $call_self (i32.const 100) (i32.const 6)))
    (func (export "canister_update Rt") (call $call_self (i32.const 100) (i32.const 1)))
    (func (export "canister_composite_query CRy") (call $call_self (i32.const 110) (i32.const 12)))
    (func (export "canister_composite_query CRt") (call $call_self (i32.const 110) (i32.const 1))))"#
    )
}

/// What a function says to being called from one of the specification's places.
async fn probe(
    net: &TestNet,
    canister: Principal,
    place: &str,
    function: u8,
) -> Result<(), Rejection> {
    let outcome = match place {
        "U" | "Ry" | "Rt" => net.call(canister, place, [function]).await,
        "RQ" => net.call(canister, "Q", [function]).await,
        "NRQ" => net.query(canister, "Q", [function]).await,
        "F" => net.call(canister, "answer", [function, 0]).await,
        _ => net.query(canister, place, [function]).await,
    };
    outcome.map(|_| ())
}

/// Whether the outcome is that the function cannot be called there.
fn is_out_of_place(outcome: &Result<(), Rejection>) -> bool {
    matches!(outcome, Err(rejection) if rejection.message.contains("cannot be executed in"))
}

fn check(function: u8, place: &str, outcome: &Result<(), Rejection>) {
    let (name, _, _, allowed) = FUNCTIONS[usize::from(function)];
    let mut allowed_places = allowed.split(' ');
    let allowed =
        allowed_places.any(|allowed| allowed == place || (allowed == "*" && place != "s"));
    assert_eq!(
        !is_out_of_place(outcome),
        allowed,
        "{name} from {place}: {outcome:?}"
    );
}

#[tokio::test]
async fn functions_of_messages_can_be_called_where_the_specification_says() {
    let net = TestNet::new();
    let canister = net.deploy(&prober()).await;
    for function in 0..FUNCTIONS.len() as u8 {
        for place in ["U", "RQ", "NRQ", "CQ", "Ry", "Rt", "CRy", "CRt", "F"] {
            let outcome = probe(&net, canister, place, function).await;
            check(function, place, &outcome);
        }
    }
}

#[tokio::test]
async fn functions_of_installations_can_be_called_where_the_specification_says() {
    let net = TestNet::new();
    let module = wasm(&prober());
    let canister = net.create().await;
    let upgrade = CanisterInstallMode::Upgrade(None);
    for function in 0..FUNCTIONS.len() as u8 {
        let reinstall = CanisterInstallMode::Reinstall;
        let outcome = net
            .install_with(reinstall, canister, module.clone(), [function])
            .await;
        check(function, "I", &outcome);
        net.install(reinstall, canister, module.clone())
            .await
            .unwrap();
        net.call(canister, "arm", [function]).await.unwrap();
        let outcome = net.install(upgrade, canister, module.clone()).await;
        check(function, "G", &outcome);
    }
}

#[tokio::test]
async fn functions_can_be_called_from_start_where_the_specification_says() {
    let net = TestNet::new();
    let canister = net.create().await;
    for (n, (name, params, result, _)) in FUNCTIONS.iter().enumerate() {
        let results = if result.is_empty() { "" } else { "drop" };
        let zeros = params.split_whitespace().map(|ty| format!("{ty}.const 0 "));
        let result = if result.is_empty() {
            String::new()
        } else {
            format!("(result {result})")
        };
        let module = format!(
            r#"(module (import "ic0" "{name}" (func $f (param {params}) {result})) (memory 1)
            (func $start {} call $f {results}) (start $start))"#,
            zeros.collect::<String>()
        );
        let mode = CanisterInstallMode::Reinstall;
        let outcome = net.install(mode, canister, wasm(&module)).await;
        check(n as u8, "s", &outcome);
    }
}

#[tokio::test]
async fn nobody_mints_cycles() {
    const MINT: &str = r#"(module
        (import "ic0" "mint_cycles128" (func $mint (param i64 i64 i32)))
        (memory 1)
        (func (export "canister_update mint") (call $mint (i64.const 0) (i64.const 1) (i32.const 0))))"#;
    let net = TestNet::new();
    let canister = net.deploy(MINT).await;
    let refused = net.call(canister, "mint", []).await.unwrap_err();
    assert!(
        refused
            .message
            .contains("cannot be executed on non Cycles Minting Canister"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_trap_takes_what_it_can_of_its_text() {
    const TRAP: &str = r#"(module
        (import "ic0" "trap" (func $trap (param i32 i32)))
        (memory 1)
        (data (i32.const 0) "why")
        (func (export "canister_query short") (call $trap (i32.const 0) (i32.const 3)))
        (func (export "canister_query endless") (call $trap (i32.const 0) (i32.const -1)))
        (func (export "canister_query beyond") (call $trap (i32.const 65536) (i32.const 1))))"#;
    let net = TestNet::new();
    let canister = net.deploy(TRAP).await;
    for (method, text) in [
        ("short", "with message: 'why'"),
        ("endless", "with message: 'why\0\0"),
        (
            "beyond",
            "with message: '(trap message out of memory bounds)'",
        ),
    ] {
        let trap = net.query(canister, method, []).await.unwrap_err();
        assert_eq!(&*trap.error_code, "IC0503");
        assert!(trap.message.contains(text), "{trap}");
    }
}
