//! A network, clients and a canister for the tests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use candid::{Decode, Encode, Principal};
use ic_agent::{
    Agent, Identity,
    identity::{
        BasicIdentity, DelegatedIdentity, Delegation, Prime256v1Identity, Secp256k1Identity,
        SignedDelegation,
    },
};
use ic_localnet::{Config, Localnet};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
};

/// Stores its argument, gives it back, says who calls, and fails in several ways.
pub const STORE: &str = r#"
(module
  (@custom "icp:public candid:service" "service : {}")
  (@custom "icp:private secret" "for controllers")
  (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "msg_caller_size" (func $caller_size (result i32)))
  (import "ic0" "msg_caller_copy" (func $caller_copy (param i32 i32 i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "trap" (func $trap (param i32 i32)))
  (memory 2)
  (data (i32.const 0) "on purpose")
  (global $length (mut i32) (i32.const 0))
  (func $store
    (call $arg_copy (i32.const 1024) (i32.const 0) (call $arg_size))
    (global.set $length (call $arg_size)))
  (func (export "canister_update write") (call $store) (call $reply))
  (func (export "canister_update write_and_trap")
    (call $store) (call $trap (i32.const 0) (i32.const 10)))
  (func (export "canister_query read")
    (call $append (i32.const 1024) (global.get $length)) (call $reply))
  (func (export "canister_query whoami")
    (call $caller_copy (i32.const 512) (i32.const 0) (call $caller_size))
    (call $append (i32.const 512) (call $caller_size)) (call $reply))
  (func (export "canister_query trap") (call $trap (i32.const 0) (i32.const 10))))
"#;

/// Polls until `condition` holds.
pub async fn eventually<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition().await {
        assert!(Instant::now() < deadline, "the condition never held");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn start() -> Localnet {
    Localnet::start(Config::default()).await.unwrap()
}

/// A client with all of its own checks on, query signatures included.
pub async fn agent(localnet: &Localnet, identity: Arc<dyn Identity>) -> Agent {
    let agent = Agent::builder()
        .with_url(localnet.url())
        .with_arc_identity(identity)
        .build()
        .unwrap();
    agent.fetch_root_key().await.unwrap();
    assert_eq!(agent.read_root_key(), localnet.root_key());
    agent
}

pub fn ed25519(seed: u8) -> Arc<dyn Identity> {
    Arc::new(BasicIdentity::from_raw_key(&[seed; 32]))
}

pub fn secp256k1() -> Arc<dyn Identity> {
    let key = ic_secp256k1::PrivateKey::deserialize_sec1(&[3; 32]).unwrap();
    Arc::new(Secp256k1Identity::from_pem(key.serialize_rfc5915_pem()).unwrap())
}

pub fn prime256v1() -> Arc<dyn Identity> {
    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\n\
        MHcCAQEEIM2BzzCZF9s/FM7vUUaXmkJSJGb2t0UBV1+RL7lF/984oAoGCCqGSM49\n\
        AwEHoUQDQgAEdYnWmZJwHDodO6oFpfjJb2N2E5wmsjwmUCeB9JUwA+EyH6JTV6/L\n\
        MHmt2b9esVAYRlbe9KbNHeKLx1PcdVT/aA==\n\
        -----END EC PRIVATE KEY-----\n";
    Arc::new(Prime256v1Identity::from_pem(KEY).unwrap())
}

/// A session key that acts for `owner`.
pub fn delegated(owner: &dyn Identity, targets: Option<Vec<Principal>>) -> Arc<dyn Identity> {
    let session = BasicIdentity::from_raw_key(&[200; 32]);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let delegation = Delegation {
        pubkey: session.public_key().unwrap(),
        expiration: (now.as_nanos() + 600_000_000_000) as u64,
        targets,
        permissions: None,
    };
    let signature = owner.sign_delegation(&delegation).unwrap();
    let chain = vec![SignedDelegation {
        delegation,
        signature: signature.signature.unwrap(),
    }];
    let owner_key = owner.public_key().unwrap();
    Arc::new(DelegatedIdentity::new(owner_key, Box::new(session), chain).unwrap())
}

pub async fn create_canister(agent: &Agent) -> Principal {
    let management = Principal::management_canister();
    let args = ProvisionalCreateCanisterWithCyclesArgs::default();
    let reply = agent
        .update(&management, "provisional_create_canister_with_cycles")
        .with_effective_canister_id(management)
        .with_arg(Encode!(&args).unwrap())
        .call_and_wait()
        .await
        .unwrap();
    Decode!(&reply, CanisterIdRecord).unwrap().canister_id
}

pub async fn install(agent: &Agent, canister: Principal, wat: &str) {
    let args = InstallCodeArgs {
        mode: CanisterInstallMode::Install,
        canister_id: canister,
        wasm_module: wat::parse_str(wat).unwrap(),
        arg: vec![],
        sender_canister_version: None,
    };
    agent
        .update(&Principal::management_canister(), "install_code")
        .with_effective_canister_id(canister)
        .with_arg(Encode!(&args).unwrap())
        .call_and_wait()
        .await
        .unwrap();
}

/// A canister that runs `wat`.
pub async fn canister(agent: &Agent, wat: &str) -> Principal {
    let id = create_canister(agent).await;
    install(agent, id, wat).await;
    id
}
