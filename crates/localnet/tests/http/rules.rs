//! Rules of the interface specification, request by request.

use std::time::Duration;

use candid::{Decode, Encode, Principal};
use ic_agent::{Agent, AgentError, Identity, agent::EffectiveId, agent::EnvelopeContent};
use ic_certification::{Certificate, LookupResult};
use ic_localnet::{Config, HttpLimits, Localnet};
use ic_management_canister_types::{CanisterIdRecord, ProvisionalCreateCanisterWithCyclesArgs};
use ic_transport_types::{ReadStateResponse, TransportCallResponse};
use reqwest::{Client, Method, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    common::{agent, create_canister, ed25519},
    requests::{assert_refused, call, cbor, network, post, read_state, signed},
};

const MANAGEMENT: Principal = Principal::management_canister();

fn subnet_of(localnet: &Localnet) -> Principal {
    Principal::self_authenticating(localnet.root_key())
}

/// The certificate, which `ic-agent` has verified for the id in the URL.
fn verified(agent: &Agent, bytes: &[u8], effective_id: EffectiveId) -> Certificate {
    let for_agent = serde_cbor::from_slice(bytes).unwrap();
    agent.verify(&for_agent, effective_id).unwrap();
    let certificate: Certificate = serde_cbor::from_slice(bytes).unwrap();
    let time = certificate.tree.lookup_path([b"time"]);
    assert!(matches!(time, LookupResult::Found(_)), "no time");
    certificate
}

#[tokio::test]
async fn paths_are_read_at_the_endpoints_that_have_them() {
    let (localnet, identity, canister) = network().await;
    let agent = agent(&localnet, identity.clone()).await;
    let subnet = subnet_of(&localnet);
    let (s, c, other) = (
        subnet.as_slice(),
        canister.as_slice(),
        MANAGEMENT.as_slice(),
    );
    let both: [StatusCode; 2] = [StatusCode::OK; 2];
    let (canister_only, subnet_only, neither) = {
        let no = StatusCode::NOT_FOUND;
        ([StatusCode::OK, no], [no, StatusCode::OK], [no; 2])
    };
    let wrong_canister = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND];
    let rules: &[(&[&[u8]], [StatusCode; 2])] = &[
        (&[b"time"], both),
        (&[b"time", b"x"], neither),
        (&[b"subnet"], both),
        (&[b"subnet", s], both),
        (&[b"subnet", other], both),
        (&[b"subnet", s, b"public_key"], both),
        (&[b"subnet", s, b"type"], both),
        (&[b"subnet", s, b"canister_ranges"], both),
        (&[b"subnet", s, b"node"], both),
        (&[b"subnet", s, b"node", b"x"], both),
        (&[b"subnet", s, b"node", b"x", b"public_key"], both),
        (&[b"subnet", s, b"node", b"x", b"secret"], neither),
        (&[b"subnet", s, b"metrics"], subnet_only),
        (&[b"subnet", other, b"metrics"], neither),
        (&[b"canister_ranges", s], subnet_only),
        (&[b"canister_ranges"], neither),
        (&[b"canister_ranges", s, c], neither),
        (&[b"api_boundary_nodes"], both),
        (&[b"api_boundary_nodes", b"x", b"domain"], both),
        (&[b"api_boundary_nodes", b"x", b"y"], neither),
        (&[b"request_status", &[9; 32]], both),
        (&[b"request_status", &[9; 32], b"reply"], both),
        (&[b"request_status", &[9; 32], b"x"], neither),
        (&[b"request_status", &[9; 31]], [StatusCode::BAD_REQUEST; 2]),
        (&[b"request_status"], neither),
        (&[b"canister", c, b"module_hash"], canister_only),
        (&[b"canister", c, b"controllers"], canister_only),
        (&[b"canister", c, b"metadata", b"nothing"], canister_only),
        (&[b"canister", c, b"metadata", b"\xff"], wrong_canister),
        (&[b"canister", c, b"metadata"], neither),
        (&[b"canister", c, b"certified_data"], neither),
        (&[b"canister", c], neither),
        (&[b"canister", other, b"module_hash"], wrong_canister),
        (&[], neither),
        (&[b"nothing"], neither),
    ];
    for version in ["v2", "v3"] {
        for (path, expected) in rules {
            let urls = [format!("canister/{canister}"), format!("subnet/{subnet}")];
            let ids = [EffectiveId::Canister(canister), EffectiveId::Subnet(subnet)];
            for ((url, id), expected) in urls.iter().zip(ids).zip(expected) {
                let body = signed(&*identity, &read_state(&*identity, &[path]));
                let response = post(&localnet, &format!("{version}/{url}/read_state"), body).await;
                assert_eq!(response.status(), *expected, "{version} {url} {path:?}");
                if *expected == StatusCode::OK {
                    let state: ReadStateResponse = cbor(response).await;
                    let certificate = verified(&agent, &state.certificate, id);
                    let found = certificate.tree.lookup_subtree(*path);
                    let pruned = ic_certification::SubtreeLookupResult::Unknown;
                    assert_ne!(found, pruned, "{path:?} is neither shown nor proven absent");
                }
            }
        }
    }
}

#[tokio::test]
async fn paths_of_one_request_are_about_one_thing() {
    let (localnet, identity, _) = network().await;
    let subnet = subnet_of(&localnet);
    let url = format!("v3/subnet/{subnet}/read_state");
    let ranges: [&[&[u8]]; 2] = [
        &[b"canister_ranges", subnet.as_slice()],
        &[b"canister_ranges", b"another"],
    ];
    let body = signed(&*identity, &read_state(&*identity, &ranges));
    let response = post(&localnet, &url, body).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "about the same one").await;
    let long: &[&[u8]] = &[b"subnet".as_slice(); 128];
    let body = signed(&*identity, &read_state(&*identity, &[long]));
    let response = post(&localnet, &url, body).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "128 labels").await;
}

fn creation(identity: &dyn Identity) -> EnvelopeContent {
    let args = Encode!(&ProvisionalCreateCanisterWithCyclesArgs::default()).unwrap();
    let method = "provisional_create_canister_with_cycles";
    call(identity, MANAGEMENT, method, &args)
}

#[tokio::test]
async fn canisters_are_created_at_the_subnets_own_url() {
    let (localnet, identity, canister) = network().await;
    let agent = agent(&localnet, identity.clone()).await;
    let subnet = subnet_of(&localnet);
    let content = creation(&*identity);
    let url = format!("v4/subnet/{subnet}/call");
    let response = post(&localnet, &url, signed(&*identity, &content)).await;
    let TransportCallResponse::Replied { certificate } = cbor(response).await else {
        panic!("not replied");
    };
    let certificate = verified(&agent, &certificate, EffectiveId::Subnet(subnet));
    let id = content.to_request_id();
    let path: [&[u8]; 3] = [b"request_status", id.as_slice(), b"reply"];
    let LookupResult::Found(reply) = certificate.tree.lookup_path(path) else {
        panic!("no reply");
    };
    assert!(Decode!(reply, CanisterIdRecord).is_ok());

    // What became of it is told where it was asked for.
    let read = signed(&*identity, &read_state(&*identity, &[&path[..2]]));
    let url = format!("v3/subnet/{subnet}/read_state");
    let response = post(&localnet, &url, read.clone()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let url = format!("v3/canister/{canister}/read_state");
    let response = post(&localnet, &url, read).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "effective id").await;
}

#[tokio::test]
async fn the_subnets_url_is_for_what_is_about_no_canister() {
    let (localnet, identity, canister) = network().await;
    let agent = agent(&localnet, identity.clone()).await;
    let subnet = subnet_of(&localnet);
    let body = signed(&*identity, &call(&*identity, canister, "write", b""));
    let response = post(&localnet, &format!("v4/subnet/{subnet}/call"), body.clone()).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "effective subnet id").await;
    let response = post(
        &localnet,
        &format!("v4/subnet/{canister}/call"),
        body.clone(),
    )
    .await;
    assert_refused(response, StatusCode::BAD_REQUEST, "There is no subnet").await;
    let response = post(&localnet, &format!("v3/subnet/{subnet}/call"), body).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);

    let list = agent.query_signed(
        EffectiveId::Subnet(subnet),
        agent
            .query(&MANAGEMENT, "list_canisters")
            .with_arg(Encode!().unwrap())
            .sign()
            .unwrap()
            .signed_query,
    );
    let error = list.await.unwrap_err();
    let AgentError::UncertifiedReject { reject, .. } = error else {
        panic!("not rejected: {error}");
    };
    assert!(
        reject.reject_message.contains("does not offer"),
        "{reject:?}"
    );
}

#[tokio::test]
async fn management_calls_that_can_only_fail_are_not_received() {
    let (localnet, identity, canister) = network().await;
    let about = Encode!(&CanisterIdRecord {
        canister_id: canister
    })
    .unwrap();
    let stranger = ed25519(2);
    for (who, method, arg, code) in [
        (&stranger, "stop_canister", about.as_slice(), "IC0512"),
        (&identity, "stop_canister", b"DIDL\0\0", "IC0408"),
        (&identity, "deposit_cycles", &about, "IC0406"),
        (&identity, "no_such_method", &about, "IC0407"),
    ] {
        let content = call(&**who, MANAGEMENT, method, arg);
        for version in ["v2", "v3", "v4"] {
            let url = format!("{version}/canister/{canister}/call");
            let response = post(&localnet, &url, signed(&**who, &content)).await;
            let answer: TransportCallResponse = cbor(response).await;
            let TransportCallResponse::NonReplicatedRejection(reject) = answer else {
                panic!("{method} was received");
            };
            assert_eq!(reject.error_code.as_deref(), Some(code), "{reject:?}");
        }
    }
}

#[tokio::test]
async fn requests_are_cbor_and_posted() {
    let (localnet, _, canister) = network().await;
    let url = format!("{}/api/v3/canister/{canister}/query", localnet.url());
    let send = async |method: Method, content_type: &str| {
        let request = Client::new().request(method, &url);
        let request = request.header("content-type", content_type).body("x");
        request.send().await.unwrap()
    };
    let response = send(Method::POST, "application/json").await;
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    assert_refused(response, status, "application/json").await;
    let response = send(Method::PUT, "application/cbor").await;
    assert_refused(response, StatusCode::METHOD_NOT_ALLOWED, "PUT").await;
    let response = send(Method::POST, "Application/CBOR; charset=x").await;
    assert_refused(response, StatusCode::BAD_REQUEST, "CBOR envelope").await;
}

async fn start(http: HttpLimits) -> Localnet {
    let config = Config {
        http,
        ..Config::default()
    };
    Localnet::start(config).await.unwrap()
}

#[tokio::test]
async fn a_body_has_to_find_room() {
    let localnet = start(HttpLimits {
        body_memory: 1000,
        ..HttpLimits::default()
    })
    .await;
    let url = "v3/canister/aaaaa-aa/query";
    let response = post(&localnet, url, vec![0; 1001]).await;
    let status = StatusCode::SERVICE_UNAVAILABLE;
    assert_refused(response, status, "try again later").await;
    // What was taken is given back.
    for _ in 0..3 {
        let response = post(&localnet, url, vec![0; 1000]).await;
        assert_refused(response, StatusCode::BAD_REQUEST, "CBOR envelope").await;
    }
}

#[tokio::test]
async fn a_body_has_to_arrive_in_time() {
    let localnet = start(HttpLimits {
        body_timeout: Duration::from_millis(200),
        ..HttpLimits::default()
    })
    .await;
    let mut slow = TcpStream::connect(localnet.addr()).await.unwrap();
    let head = "POST /api/v3/canister/aaaaa-aa/query HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/cbor\r\ncontent-length: 10\r\n\r\nx";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_connection_without_a_request_does_not_keep_its_place() {
    let localnet = start(HttpLimits {
        max_connections: 1,
        head_timeout: Duration::from_millis(500),
        ..HttpLimits::default()
    })
    .await;
    let mut silent = TcpStream::connect(localnet.addr()).await.unwrap();
    let status = format!("{}/api/v2/status", localnet.url());
    for _ in 0..2 {
        // The second client comes while the connection of the first one is idle.
        let client = Client::builder().timeout(Duration::from_secs(60));
        let response = client.build().unwrap().get(&status).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    localnet.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_agent_creates_and_asks_through_any_version_it_likes() {
    let (localnet, identity, _) = network().await;
    let agent = agent(&localnet, identity).await;
    let id = create_canister(&agent).await;
    let ranges = agent
        .read_state_subnet_canister_ranges(subnet_of(&localnet))
        .await
        .unwrap();
    assert!(
        ranges
            .iter()
            .any(|(first, last)| *first <= id && id <= *last)
    );
}
