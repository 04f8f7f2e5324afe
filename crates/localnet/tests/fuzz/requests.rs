//! Good requests to every endpoint, to be spoilt.

use std::{borrow::Cow, sync::Arc};

use candid::{Encode, Principal};
use ic_agent::{
    Agent, Identity,
    agent::EnvelopeContent,
    identity::{AnonymousIdentity, BasicIdentity, DelegatedIdentity, Delegation, SignedDelegation},
};
use ic_management_canister_types::{CanisterIdRecord, ProvisionalCreateCanisterWithCyclesArgs};
use ic_transport_types::Envelope;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;

use crate::{
    canister::{install, page},
    mutate,
    network::Network,
};

const MANAGEMENT: Principal = Principal::management_canister();
const MINUTE_NS: u64 = 60_000_000_000;

/// Delays too short to keep anybody waiting, unless a mutation makes them longer.
const FAULTS: &str = r#"{"seed": 1, "certification_delay_ms": 1, "rules": [
  {"fault": {"delay": {"by_ms": 1}}, "method": "update", "probability": 0.5, "times": 9},
  {"fault": {"reorder": {"calls": 2, "within_ms": 1, "order": "shuffled"}}, "canister": "aaaaa-aa"},
  {"fault": {"answer_late": {"by_ms": 1}}},
  {"fault": {"stale_query": {"by_ms": 1}}, "probability": 0.5}]}"#;

#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub host: Option<String>,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
    /// Whether the answer is a canister's page: then it may be anything.
    pub is_page: bool,
}

impl Request {
    pub fn post(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            host: None,
            content_type: Some("application/cbor"),
            body,
            is_page: false,
        }
    }

    pub fn faults(json: &str) -> Self {
        Self {
            method: Method::PUT,
            content_type: Some("application/json"),
            ..Self::post("/_/test/faults", json.into())
        }
    }

    fn advance_clock() -> Self {
        Self {
            content_type: Some("application/json"),
            ..Self::post("/_/test/clock", br#"{"advance_ms": 100}"#.into())
        }
    }

    fn get(path: &str, host: Option<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            host,
            content_type: None,
            body: vec![],
            is_page: false,
        }
    }

    fn page(host: String) -> Self {
        Self {
            is_page: true,
            ..Self::get("/", Some(host))
        }
    }
}

#[derive(Clone)]
pub struct Seeds {
    owner: Arc<dyn Identity>,
    canister: Principal,
    subnet: Principal,
    page: Vec<u8>,
    /// When the good requests expire, by the network's clock.
    expiry_ns: u64,
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
        let mut seeds = Self {
            owner,
            canister,
            subnet,
            page: page(canister),
            expiry_ns: 0,
            good: vec![],
        };
        seeds.renew(network).await;
        seeds
    }

    /// Makes the good requests anew, before they expire.
    pub async fn renew(&mut self, network: &Network) {
        let Self {
            canister, subnet, ..
        } = *self;
        self.expiry_ns = network.now_ns().await + 4 * MINUTE_NS;
        let delegated = delegated(&*self.owner, self.expiry_ns);
        let anonymous: Arc<dyn Identity> = Arc::new(AnonymousIdentity);
        self.good = vec![
            Request::get("/api/v2/status", None),
            Request::get("/", None),
            Request::page(format!("{canister}.localhost")),
            Request::page(format!("{canister}.raw.localhost")),
        ];
        for identity in [self.owner.clone(), delegated, anonymous] {
            let requests = api_requests(&*identity, canister, subnet, self.expiry_ns);
            self.good.extend(requests);
        }
        self.good.extend([
            Request::get("/_/test/clock", None),
            Request::advance_clock(),
            Request::faults(FAULTS),
        ]);
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
            5 => {
                let page = mutate::body(rng, &self.page);
                request = set_page(self.canister, page, self.expiry_ns);
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

/// Nobody signs it, so that the page can be anything.
fn set_page(canister: Principal, page: Vec<u8>, ingress_expiry: u64) -> Request {
    let content = EnvelopeContent::Call {
        nonce: None,
        ingress_expiry,
        sender: Principal::anonymous(),
        canister_id: canister,
        method_name: "set_page".into(),
        arg: page,
        sender_info: None,
    };
    let envelope = Envelope {
        content: Cow::Owned(content),
        sender_pubkey: None,
        sender_sig: None,
        sender_delegation: None,
    };
    let path = format!("/api/v3/canister/{canister}/call");
    Request::post(path, envelope.encode_bytes())
}

fn delegated(owner: &dyn Identity, expiration: u64) -> Arc<dyn Identity> {
    let session = BasicIdentity::from_raw_key(&[2; 32]);
    let delegation = Delegation {
        pubkey: session.public_key().unwrap(),
        expiration,
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
fn api_requests(
    identity: &dyn Identity,
    canister: Principal,
    subnet: Principal,
    ingress_expiry: u64,
) -> Vec<Request> {
    let sender = identity.sender().unwrap();
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
        signed(format!("v2/canister/{canister}/call"), &update),
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
