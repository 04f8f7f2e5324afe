//! Requests made by hand, and what is expected of the answers.

use std::{
    borrow::Cow,
    time::{SystemTime, UNIX_EPOCH},
};

use candid::Principal;
use ic_agent::{Identity, agent::EnvelopeContent};
use ic_localnet::Localnet;
use ic_transport_types::Envelope;
use reqwest::{Client, Response, StatusCode};

use crate::common::{STORE, agent, canister, ed25519, start};

pub fn in_minutes(minutes: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now.as_nanos() as i64 + minutes * 60_000_000_000) as u64
}

pub fn call(
    identity: &dyn Identity,
    canister_id: Principal,
    method: &str,
    arg: &[u8],
) -> EnvelopeContent {
    EnvelopeContent::Call {
        nonce: None,
        ingress_expiry: in_minutes(4),
        sender: identity.sender().unwrap(),
        canister_id,
        method_name: method.into(),
        arg: arg.to_vec(),
        sender_info: None,
    }
}

pub fn read_state(identity: &dyn Identity, paths: &[&[&[u8]]]) -> EnvelopeContent {
    let path = |path: &&[&[u8]]| path.iter().map(|label| (*label).into()).collect();
    EnvelopeContent::ReadState {
        ingress_expiry: in_minutes(4),
        sender: identity.sender().unwrap(),
        paths: paths.iter().map(path).collect(),
    }
}

pub fn signed(identity: &dyn Identity, content: &EnvelopeContent) -> Vec<u8> {
    let signature = identity.sign(content).unwrap();
    Envelope {
        content: Cow::Borrowed(content),
        sender_pubkey: signature.public_key,
        sender_sig: signature.signature,
        sender_delegation: None,
    }
    .encode_bytes()
}

pub async fn post(localnet: &Localnet, path: &str, body: Vec<u8>) -> Response {
    let url = format!("{}/api/{path}", localnet.url());
    let request = Client::new()
        .post(url)
        .header("content-type", "application/cbor");
    request.body(body).send().await.unwrap()
}

/// Checks that the answer is this status, and plain text with these words.
pub async fn assert_refused(response: Response, status: StatusCode, words: &str) {
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let got = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    assert!(kind.starts_with("text/plain"), "{kind}");
    assert!(text.contains(words), "{text}");
}

pub async fn cbor<T: serde::de::DeserializeOwned>(response: Response) -> T {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/cbor");
    let bytes = response.bytes().await.unwrap();
    assert_eq!(bytes[..3], [0xd9, 0xd9, 0xf7]);
    serde_cbor::from_slice(&bytes).unwrap()
}

/// A network with one canister, and its controller.
pub async fn network() -> (Localnet, std::sync::Arc<dyn Identity>, Principal) {
    let localnet = start().await;
    let identity = ed25519(1);
    let id = canister(&agent(&localnet, identity.clone()).await, STORE).await;
    (localnet, identity, id)
}
