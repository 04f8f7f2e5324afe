//! A network with WAT canisters on it, driven through its seam.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use candid::{CandidType, Decode, Encode, Principal};
use ic_localnet::{
    certification::NetworkKeys,
    faults::{TestApi, TestControl},
    network::{CanisterCall, Network, NetworkConfig, NetworkLimits, Rejection},
};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, CanisterSettings, CanisterStatusResult, InstallCodeArgs,
    ProvisionalCreateCanisterWithCyclesArgs, UpdateSettingsArgs,
};
use ic_transport_types::RequestId;

pub const PATIENCE: Duration = Duration::from_secs(60);
pub const MANAGEMENT: Principal = Principal::management_canister();

pub fn user() -> Principal {
    Principal::self_authenticating([7])
}

/// Somebody else.
pub fn stranger() -> Principal {
    Principal::self_authenticating([66])
}

pub struct TestNet {
    pub network: Arc<Network>,
}

impl TestNet {
    pub fn new() -> Self {
        Self::with_limits(NetworkLimits::default())
    }

    pub fn with_limits(limits: NetworkLimits) -> Self {
        Self::open(
            NetworkConfig {
                limits,
                ..NetworkConfig::default()
            },
            NetworkKeys::generate().unwrap(),
        )
    }

    /// A network with the test API, and its controls.
    pub fn with_test_api(dir: Option<&Path>) -> (Self, TestControl) {
        let config = NetworkConfig {
            state_dir: dir.map(Path::to_owned),
            test_api: Some(TestApi::default()),
            ..NetworkConfig::default()
        };
        let net = Self::open(config, NetworkKeys::load_or_create(dir).unwrap());
        let control = net.network.test_control().unwrap();
        (net, control)
    }

    pub fn in_dir(dir: &Path) -> Self {
        let config = NetworkConfig {
            state_dir: Some(dir.to_owned()),
            ..NetworkConfig::default()
        };
        Self::open(config, NetworkKeys::load_or_create(Some(dir)).unwrap())
    }

    fn open(config: NetworkConfig, keys: NetworkKeys) -> Self {
        Self {
            network: Network::open(config, keys).unwrap(),
        }
    }

    /// Submits a call; the id is for asking how it went.
    pub async fn submit(&self, call: CanisterCall) -> Result<RequestId, Rejection> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut id = [0; 32];
        id[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let id = RequestId::new(&id);
        self.network.submit(id, call).await.map(|()| id)
    }

    pub async fn outcome(&self, id: RequestId) -> Result<Vec<u8>, Rejection> {
        let state = self
            .network
            .outcome(&id, PATIENCE)
            .await
            .expect("no outcome in time");
        state
            .outcome(&id)
            .expect("the certified state has no outcome")
    }

    pub async fn call_as(
        &self,
        sender: Principal,
        canister_id: Principal,
        method: &str,
        arg: impl Into<Vec<u8>>,
    ) -> Result<Vec<u8>, Rejection> {
        let id = self.submit(call(sender, canister_id, method, arg)).await?;
        self.outcome(id).await
    }

    pub async fn call(
        &self,
        canister: Principal,
        method: &str,
        arg: impl Into<Vec<u8>>,
    ) -> Result<Vec<u8>, Rejection> {
        self.call_as(user(), canister, method, arg).await
    }

    pub async fn query(
        &self,
        canister: Principal,
        method: &str,
        arg: impl Into<Vec<u8>>,
    ) -> Result<Vec<u8>, Rejection> {
        let query = call(user(), canister, method, arg);
        self.network.query(query).await
    }

    pub async fn manage_as<T: CandidType>(
        &self,
        sender: Principal,
        method: &str,
        args: T,
    ) -> Result<Vec<u8>, Rejection> {
        let arg = Encode!(&args).unwrap();
        self.call_as(sender, MANAGEMENT, method, arg).await
    }

    pub async fn manage<T: CandidType>(&self, method: &str, args: T) -> Result<Vec<u8>, Rejection> {
        self.manage_as(user(), method, args).await
    }

    pub async fn create(&self) -> Principal {
        let args = ProvisionalCreateCanisterWithCyclesArgs::default();
        let reply = self
            .manage("provisional_create_canister_with_cycles", args)
            .await
            .unwrap();
        Decode!(&reply, CanisterIdRecord).unwrap().canister_id
    }

    pub async fn install(
        &self,
        mode: CanisterInstallMode,
        canister_id: Principal,
        module: impl Into<Vec<u8>>,
    ) -> Result<(), Rejection> {
        self.install_with(mode, canister_id, module, []).await
    }

    pub async fn install_with(
        &self,
        mode: CanisterInstallMode,
        canister_id: Principal,
        module: impl Into<Vec<u8>>,
        arg: impl Into<Vec<u8>>,
    ) -> Result<(), Rejection> {
        let args = InstallCodeArgs {
            mode,
            canister_id,
            wasm_module: module.into(),
            arg: arg.into(),
            sender_canister_version: None,
        };
        self.manage("install_code", args).await.map(|_| ())
    }

    pub async fn upgrade(&self, canister_id: Principal, wat: &str) -> Result<(), Rejection> {
        self.install(CanisterInstallMode::Upgrade(None), canister_id, wasm(wat))
            .await
    }

    pub async fn update_settings(
        &self,
        canister_id: Principal,
        settings: CanisterSettings,
    ) -> Result<Vec<u8>, Rejection> {
        let args = UpdateSettingsArgs {
            canister_id,
            settings,
            sender_canister_version: None,
        };
        self.manage("update_settings", args).await
    }

    pub async fn status(&self, canister_id: Principal) -> CanisterStatusResult {
        let reply = self
            .manage("canister_status", CanisterIdRecord { canister_id })
            .await;
        Decode!(&reply.unwrap(), CanisterStatusResult).unwrap()
    }

    pub async fn cycles(&self, canister: Principal) -> u128 {
        self.status(canister).await.cycles.0.try_into().unwrap()
    }

    /// The canister's certified data, out of a certificate.
    pub fn certified_data(&self, canister: Principal) -> Vec<u8> {
        let path = vec![
            b"canister".as_slice(),
            canister.as_slice(),
            b"certified_data",
        ];
        let certified = self.network.certified();
        let certificate = certified.certificate(std::slice::from_ref(&path));
        let certificate: ic_certification::Certificate =
            serde_cbor::from_slice(&certificate).unwrap();
        match certificate.tree.lookup_path(&path) {
            ic_certification::LookupResult::Found(value) => value.to_vec(),
            other => panic!("no certified data: {other:?}"),
        }
    }

    /// A new canister with the given code.
    pub async fn deploy(&self, wat: &str) -> Principal {
        let id = self.create().await;
        self.install(CanisterInstallMode::Install, id, wasm(wat))
            .await
            .unwrap();
        id
    }
}

pub fn call(
    sender: Principal,
    canister_id: Principal,
    method: &str,
    arg: impl Into<Vec<u8>>,
) -> CanisterCall {
    CanisterCall {
        sender,
        canister_id,
        method_name: method.into(),
        arg: arg.into(),
        effective_id: canister_id,
        ingress_expiry_ns: u64::MAX,
    }
}

/// A module with what most canisters need at hand: `$reply` answers with a byte, `$arg` gives the argument's first one,
/// `$call` begins a call of the canister whose id is the argument.
pub fn canister(functions: &str) -> String {
    format!(
        r#"(module
    (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
    (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
    (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
    (import "ic0" "msg_reply" (func $msg_reply))
    (import "ic0" "msg_reject" (func $reject (param i32 i32)))
    (import "ic0" "msg_reject_code" (func $reject_code (result i32)))
    (import "ic0" "msg_reject_msg_size" (func $reject_size (result i32)))
    (import "ic0" "msg_reject_msg_copy" (func $reject_copy (param i32 i32 i32)))
    (import "ic0" "msg_deadline" (func $deadline (result i64)))
    (import "ic0" "time" (func $time (result i64)))
    (import "ic0" "canister_version" (func $version (result i64)))
    (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
    (import "ic0" "data_certificate_present" (func $certificate (result i32)))
    (import "ic0" "global_timer_set" (func $set_timer (param i64) (result i64)))
    (import "ic0" "msg_cycles_accept128" (func $accept (param i64 i64 i32)))
    (import "ic0" "msg_cycles_refunded128" (func $refunded (param i32)))
    (import "ic0" "cycles_burn128" (func $burn (param i64 i64 i32)))
    (import "ic0" "debug_print" (func $print (param i32 i32)))
    (import "ic0" "trap" (func $trap (param i32 i32)))
    (import "ic0" "stable64_grow" (func $grow (param i64) (result i64)))
    (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
    (import "ic0" "canister_self_copy" (func $self_copy (param i32 i32 i32)))
    (import "ic0" "canister_self_size" (func $self_size (result i32)))
    (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "ic0" "call_on_cleanup" (func $on_cleanup (param i32 i32)))
    (import "ic0" "call_data_append" (func $call_append (param i32 i32)))
    (import "ic0" "call_with_best_effort_response" (func $best_effort (param i32)))
    (import "ic0" "call_cycles_add128" (func $add_cycles (param i64 i64)))
    (import "ic0" "call_perform" (func $perform (result i32)))
    (memory (export "memory") 1)
    (func $reply (param i32)
        (i32.store8 (i32.const 0) (local.get 0))
        (call $append (i32.const 0) (i32.const 1))
        (call $msg_reply))
    (func $arg (result i32)
        (call $arg_copy (i32.const 0) (i32.const 0) (i32.const 1))
        (i32.load8_u (i32.const 0)))
    (func $call (param $name i32) (param $name_size i32) (param $on_reply i32) (param $on_reject i32)
        (call $arg_copy (i32.const 1000) (i32.const 0) (call $arg_size))
        (call $call_new (i32.const 1000) (call $arg_size) (local.get $name) (local.get $name_size)
            (local.get $on_reply) (i32.const 0) (local.get $on_reject) (i32.const 0)))
    {functions})"#
    )
}

pub fn wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// Polls until `condition` holds.
pub async fn eventually<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the condition never held"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A canister whose timer fires `times` times in a row, `delay_ns` after being set; `fired` counts.
pub fn timer(delay_ns: u64, times: u8) -> String {
    format!(
        r#"(module
    (import "ic0" "time" (func $time (result i64)))
    (import "ic0" "global_timer_set" (func $set (param i64) (result i64)))
    (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (memory 1)
    (func $soon (drop (call $set (i64.add (call $time) (i64.const {delay_ns})))))
    (func (export "canister_init") (call $soon))
    (func (export "canister_global_timer")
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (if (i32.lt_u (i32.load8_u (i32.const 0)) (i32.const {times})) (then (call $soon))))
    (func (export "canister_query fired") (call $append (i32.const 0) (i32.const 1)) (call $reply)))"#
    )
}

/// A canister whose state is one byte each in heap, a global, stable memory and certified data.
///
/// `set` sets all four to its argument's first byte; `set_then_trap` traps after that; `get` gives heap, global,
/// stable.
pub const STATEFUL: &str = r#"(module
    (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
    (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
    (import "ic0" "stable64_grow" (func $grow (param i64) (result i64)))
    (import "ic0" "stable64_size" (func $size (result i64)))
    (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
    (import "ic0" "stable64_read" (func $read (param i64 i64 i64)))
    (import "ic0" "trap" (func $trap (param i32 i32)))
    (memory 2)
    (data (i32.const 500) "on purpose")
    (global $value (mut i32) (i32.const 0))
    (func $store
        (call $arg (i32.const 70000) (i32.const 0) (i32.const 1))
        (global.set $value (i32.load8_u (i32.const 70000)))
        (if (i64.eqz (call $size)) (then (drop (call $grow (i64.const 1)))))
        (call $write (i64.const 4095) (i64.const 70000) (i64.const 1))
        (call $certify (i32.const 70000) (i32.const 1)))
    (func $report
        (i32.store8 (i32.const 0) (i32.load8_u (i32.const 70000)))
        (i32.store8 (i32.const 1) (global.get $value))
        (if (i64.eqz (call $size))
            (then (i32.store8 (i32.const 2) (i32.const 0)))
            (else (call $read (i64.const 2) (i64.const 4095) (i64.const 1))))
        (call $append (i32.const 0) (i32.const 3))
        (call $reply))
    (func (export "canister_update set") (call $store) (call $report))
    (func (export "canister_update set_then_trap") (call $store) (call $trap (i32.const 500) (i32.const 10)))
    (func (export "canister_update set_then_unreachable") (call $store) unreachable)
    (func (export "canister_query set_in_query")
        (call $arg (i32.const 70000) (i32.const 0) (i32.const 1))
        (global.set $value (i32.load8_u (i32.const 70000)))
        (call $report))
    (func (export "canister_query get") (call $report))
)"#;
