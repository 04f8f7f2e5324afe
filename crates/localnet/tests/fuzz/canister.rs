//! The canister that the requests are about.

use candid::{CandidType, Decode, Encode, Func, Principal};
use ic_agent::Agent;
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
};

const MANAGEMENT: Principal = Principal::management_canister();

/// Replies with its argument; as a site, with what it was told last.
const ECHO: &str = r#"
(module
  (import "ic0" "msg_arg_data_size" (func $size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 40)
  (func $echo
    (call $copy (i32.const 0) (i32.const 0) (call $size))
    (call $append (i32.const 0) (call $size))
    (call $reply))
  (global $page i32 (i32.const 1048576))
  (global $length (mut i32) (i32.const 0))
  (func (export "canister_update set_page")
    (call $copy (global.get $page) (i32.const 0) (call $size))
    (global.set $length (call $size))
    (call $reply))
  (func $show
    (call $append (global.get $page) (global.get $length))
    (call $reply))
  (export "canister_query http_request" (func $show))
  (export "canister_query more" (func $show))
  (export "canister_update http_request_update" (func $show))
  (export "canister_update update" (func $echo))
  (export "canister_query query" (func $echo)))
"#;

pub async fn install(agent: &Agent) -> Principal {
    let create = ProvisionalCreateCanisterWithCyclesArgs::default();
    let reply = agent
        .update(&MANAGEMENT, "provisional_create_canister_with_cycles")
        .with_effective_canister_id(MANAGEMENT)
        .with_arg(Encode!(&create).unwrap())
        .await
        .unwrap();
    let CanisterIdRecord { canister_id } = Decode!(&reply, CanisterIdRecord).unwrap();
    let install = InstallCodeArgs {
        mode: CanisterInstallMode::Install,
        canister_id,
        wasm_module: wat::parse_str(ECHO).unwrap(),
        arg: vec![],
        sender_canister_version: None,
    };
    agent
        .update(&MANAGEMENT, "install_code")
        .with_effective_canister_id(canister_id)
        .with_arg(Encode!(&install).unwrap())
        .await
        .unwrap();
    canister_id
}

/// A page that goes on, with headers that are read before they are believed.
pub fn page(canister: Principal) -> Vec<u8> {
    #[derive(CandidType)]
    struct Page {
        status_code: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: Vec<u8>,
        upgrade: Option<bool>,
        streaming_strategy: Option<Strategy>,
    }
    #[derive(CandidType)]
    enum Strategy {
        Callback { callback: More, token: String },
    }
    candid::define_function!(More : (String) -> () query);
    let callback = More(Func {
        principal: canister,
        method: "more".into(),
    });
    Encode!(&Page {
        status_code: 206,
        headers: vec![
            ("Content-Type", "text/html"),
            ("Content-Range", "bytes 0-99/200"),
            (
                "IC-Certificate",
                // { tree: [0], signature: h'00' }; [0]; ["http_expr", "<*>"]
                "certificate=:omR0cmVlgQBpc2lnbmF0dXJlQQA=:, tree=:gQA=:, \
                 expr_path=:gmlodHRwX2V4cHJjPCo+:, version=2",
            ),
            (
                "IC-CertificateExpression",
                "default_certification(ValidationArgs{no_certification:Empty{}})",
            ),
        ],
        body: vec![b'x'; 100],
        upgrade: Some(false),
        streaming_strategy: Some(Strategy::Callback {
            callback,
            token: "next".into(),
        }),
    })
    .unwrap()
}
