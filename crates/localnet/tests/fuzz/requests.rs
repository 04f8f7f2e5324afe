//! Good requests to every endpoint, to be spoilt.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use candid::{Decode, Encode, Principal};
use ic_agent::{
    Agent, Identity,
    agent::EnvelopeContent,
    identity::{AnonymousIdentity, BasicIdentity, DelegatedIdentity, Delegation, SignedDelegation},
};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
};
use ic_transport_types::Envelope;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;

use crate::{mutate, network::Network};

const MANAGEMENT: Principal = Principal::management_canister();

/// Replies with its argument.
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
  (export "canister_update update" (func $echo))
  (export "canister_query query" (func $echo)))
"#;

#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub host: Option<String>,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn post(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            host: None,
            content_type: Some("application/cbor"),
            body,
        }
    }

    fn get(path: &str, host: Option<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            host,
            content_type: None,
            body: vec![],
        }
    }
}

pub struct Seeds {
    good: Vec<Request>,
}

impl Seeds {
    pub async fn new(network: &Network) -> Self {
        let owner: Arc<dyn Identity> = Arc::new(BasicIdentity::from_raw_key(&[1; 32]));
        let agent = Agent::builder()
            .with_url(&network.url)
            .with_arc_identity(owner.clone())
            .build()
            .unwrap();
        agent.fetch_root_key().await.unwrap();
        let canister = install(&agent).await;
        let subnet = Principal::self_authenticating(agent.read_root_key());
        let mut good = vec![
            Request::get("/api/v2/status", None),
            Request::get("/", None),
        ];
        let anonymous: Arc<dyn Identity> = Arc::new(AnonymousIdentity);
        for identity in [owner.clone(), delegated(&*owner), anonymous] {
            good.extend(api_requests(&*identity, canister, subnet));
        }
        Self { good }
    }

    pub fn good(&self) -> Vec<Request> {
        self.good.clone()
    }

    pub fn read_state_path(&self) -> String {
        let mut paths = self.good.iter().map(|request| request.path.as_str());
        paths
            .find(|path| path.ends_with("read_state"))
            .unwrap()
            .to_owned()
    }

    /// A request with something wrong in it, or by chance nothing.
    pub fn mutated(&self, rng: &mut StdRng) -> Request {
        let mut request = self.good.choose(rng).unwrap().clone();
        match rng.random_range(0..20) {
            0 => request.path = mutate::path(rng, &request.path),
            1 => {
                let types = [
                    None,
                    Some("text/plain"),
                    Some("application/cbor; a=b"),
                    Some(""),
                ];
                request.content_type = *types.choose(rng).unwrap();
            }
            2 => {
                let methods = [Method::GET, Method::PUT, Method::HEAD, Method::POST];
                request.method = methods.choose(rng).unwrap().clone();
            }
            3 => {
                let host = mutate::host(rng);
                request = Request::get("/index.html", Some(host));
            }
            4 => {
                // The right request at another door.
                request.path = self.good.choose(rng).unwrap().path.clone();
            }
            _ => request.body = mutate::body(rng, &request.body),
        }
        if request.method == Method::HEAD {
            // Answers to HEAD have no body to look at.
            request.method = Method::POST;
        }
        request
    }
}

async fn install(agent: &Agent) -> Principal {
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

fn in_minutes(minutes: u64) -> u64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    now.as_nanos() as u64 + minutes * 60_000_000_000
}

fn delegated(owner: &dyn Identity) -> Arc<dyn Identity> {
    let session = BasicIdentity::from_raw_key(&[2; 32]);
    let delegation = Delegation {
        pubkey: session.public_key().unwrap(),
        expiration: in_minutes(60),
        targets: None,
        permissions: None,
    };
    let signature = owner
        .sign_delegation(&delegation)
        .unwrap()
        .signature
        .unwrap();
    let chain = vec![SignedDelegation {
        delegation,
        signature,
    }];
    let owner_key = owner.public_key().unwrap();
    Arc::new(DelegatedIdentity::new(owner_key, Box::new(session), chain).unwrap())
}

/// A good request to each endpoint.
fn api_requests(identity: &dyn Identity, canister: Principal, subnet: Principal) -> Vec<Request> {
    let sender = identity.sender().unwrap();
    let ingress_expiry = in_minutes(4);
    let call = |canister_id: Principal, method: &str, arg: Vec<u8>| EnvelopeContent::Call {
        nonce: Some(vec![7; 16]),
        ingress_expiry,
        sender,
        canister_id,
        method_name: method.into(),
        arg,
        sender_info: None,
    };
    let query = |canister_id: Principal, method: &str| EnvelopeContent::Query {
        nonce: None,
        ingress_expiry,
        sender,
        canister_id,
        method_name: method.into(),
        arg: Encode!(&CanisterIdRecord {
            canister_id: canister
        })
        .unwrap(),
        sender_info: None,
    };
    let read_state = EnvelopeContent::ReadState {
        ingress_expiry,
        sender,
        paths: vec![
            vec!["time".into()],
            vec!["subnet".into(), subnet.as_slice().into(), "node".into()],
            vec![
                "request_status".into(),
                vec![9_u8; 32].into(),
                "reply".into(),
            ],
        ],
    };
    let create = Encode!(&ProvisionalCreateCanisterWithCyclesArgs::default()).unwrap();
    let create = call(
        MANAGEMENT,
        "provisional_create_canister_with_cycles",
        create,
    );
    let status = query(MANAGEMENT, "canister_status");
    let (update, ask) = (
        call(canister, "update", vec![1; 100]),
        query(canister, "query"),
    );
    let list = query(MANAGEMENT, "list_canisters");
    let signed = |path: String, content: &EnvelopeContent| {
        let signature = identity.sign(content).unwrap();
        let envelope = Envelope {
            content: Cow::Borrowed(content),
            sender_pubkey: signature.public_key,
            sender_sig: signature.signature,
            sender_delegation: signature.delegations,
        };
        Request::post(format!("/api/{path}"), envelope.encode_bytes())
    };
    let mut requests = vec![
        signed(format!("v3/canister/{canister}/query"), &status),
        signed(format!("v3/subnet/{subnet}/query"), &list),
        signed(format!("v4/subnet/{subnet}/call"), &create),
        signed(format!("v4/canister/{canister}/call"), &update),
        signed(format!("v3/canister/{canister}/call"), &update),
    ];
    for version in ["v2", "v3"] {
        requests.extend([
            signed(format!("{version}/canister/{canister}/query"), &ask),
            signed(
                format!("{version}/canister/{canister}/read_state"),
                &read_state,
            ),
            signed(format!("{version}/subnet/{subnet}/read_state"), &read_state),
        ]);
    }
    requests
}
