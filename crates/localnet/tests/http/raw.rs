//! Requests made by hand: what a well-behaved client does not send, and what it does not show.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use candid::Principal;
use ic_agent::{Identity, agent::EnvelopeContent};
use ic_certification::{Certificate, LookupResult};
use ic_transport_types::{Envelope, QueryResponse, ReadStateResponse, TransportCallResponse};
use reqwest::{Client, StatusCode};

use crate::{
    common::{agent, ed25519, start},
    requests::{assert_refused, call, cbor, in_minutes, network, post, read_state, signed},
};

#[tokio::test]
async fn a_call_is_accepted_and_polled_for() {
    let (localnet, identity, id) = network().await;
    let content = call(&*identity, id, "write", b"polled");
    let response = post(
        &localnet,
        &format!("v2/canister/{id}/call"),
        signed(&*identity, &content),
    )
    .await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);

    let request_id = content.to_request_id();
    let path: &[&[u8]] = &[b"request_status", request_id.as_slice()];
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let read = signed(&*identity, &read_state(&*identity, &[path]));
        let response = post(&localnet, &format!("v2/canister/{id}/read_state"), read).await;
        let state: ReadStateResponse = cbor(response).await;
        let certificate: Certificate = serde_cbor::from_slice(&state.certificate).unwrap();
        let status = certificate.tree.lookup_path([path[0], path[1], b"status"]);
        match status {
            LookupResult::Found(b"replied") => {
                let reply = certificate.tree.lookup_path([path[0], path[1], b"reply"]);
                assert_eq!(reply, LookupResult::Found(b""));
                break;
            }
            LookupResult::Found(b"received" | b"processing") | LookupResult::Absent => {}
            other => panic!("unexpected status: {other:?}"),
        }
        assert!(Instant::now() < deadline, "not answered in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_call_that_waits_is_answered_with_a_certificate() {
    let (localnet, identity, id) = network().await;
    for version in ["v3", "v4"] {
        let content = call(&*identity, id, "write", version.as_bytes());
        let path = format!("{version}/canister/{id}/call");
        let response = post(&localnet, &path, signed(&*identity, &content)).await;
        let answer: TransportCallResponse = cbor(response).await;
        let TransportCallResponse::Replied { certificate } = answer else {
            panic!("not replied: {answer:?}");
        };
        let certificate: Certificate = serde_cbor::from_slice(&certificate).unwrap();
        let request_id = content.to_request_id();
        let status: [&[u8]; 3] = [b"request_status", request_id.as_slice(), b"status"];
        let status = certificate.tree.lookup_path(status);
        assert_eq!(status, LookupResult::Found(b"replied"));
    }
}

#[tokio::test]
async fn the_same_request_twice_is_executed_once() {
    let (localnet, identity, id) = network().await;
    let path = format!("v3/canister/{id}/call");
    let first = signed(&*identity, &call(&*identity, id, "write", b"first"));
    let second = signed(&*identity, &call(&*identity, id, "write", b"second"));
    for body in [&first, &second, &first] {
        let response = post(&localnet, &path, body.clone()).await;
        let answer: TransportCallResponse = cbor(response).await;
        assert!(matches!(answer, TransportCallResponse::Replied { .. }));
    }
    let agent = agent(&localnet, identity).await;
    assert_eq!(agent.query(&id, "read").call().await.unwrap(), b"second");
}

#[tokio::test]
async fn a_call_to_nobody_is_rejected_without_a_certificate() {
    let (localnet, identity, _) = network().await;
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    for version in ["v2", "v3"] {
        let content = call(&*identity, nobody, "write", b"");
        let path = format!("{version}/canister/{nobody}/call");
        let response = post(&localnet, &path, signed(&*identity, &content)).await;
        let answer: TransportCallResponse = cbor(response).await;
        let TransportCallResponse::NonReplicatedRejection(reject) = answer else {
            panic!("not rejected: {answer:?}");
        };
        assert_eq!(reject.error_code.as_deref(), Some("IC0301"));
    }
}

#[tokio::test]
async fn requests_that_prove_nothing_are_refused() {
    let (localnet, identity, id) = network().await;
    let path = format!("v3/canister/{id}/call");
    let content = call(&*identity, id, "write", b"");

    let mut wrong = Envelope {
        content: Cow::Borrowed(&content),
        sender_pubkey: identity.public_key(),
        sender_sig: identity.sign_arbitrary(b"another thing").unwrap().signature,
        sender_delegation: None,
    };
    let response = post(&localnet, &path, wrong.encode_bytes()).await;
    assert_refused(response, StatusCode::FORBIDDEN, "Invalid signature").await;
    wrong.sender_pubkey = ed25519(2).public_key();
    let response = post(&localnet, &path, wrong.encode_bytes()).await;
    assert_refused(
        response,
        StatusCode::FORBIDDEN,
        "does not match the public key",
    )
    .await;
    wrong.sender_pubkey = None;
    wrong.sender_sig = None;
    let response = post(&localnet, &path, wrong.encode_bytes()).await;
    assert_refused(response, StatusCode::FORBIDDEN, "is not signed").await;
}

#[tokio::test]
async fn requests_out_of_time_are_refused() {
    let (localnet, identity, id) = network().await;
    for minutes in [-1, 10] {
        let mut content = call(&*identity, id, "write", b"");
        if let EnvelopeContent::Call { ingress_expiry, .. } = &mut content {
            *ingress_expiry = in_minutes(minutes);
        }
        let path = format!("v3/canister/{id}/call");
        let response = post(&localnet, &path, signed(&*identity, &content)).await;
        let words = "Specified ingress_expiry not within expected range";
        assert_refused(response, StatusCode::BAD_REQUEST, words).await;
    }
}

#[tokio::test]
async fn requests_that_are_too_large_are_refused() {
    let (localnet, identity, id) = network().await;
    let content = call(&*identity, id, "write", &vec![0; 2 * 1024 * 1024]);
    let path = format!("v3/canister/{id}/call");
    let response = post(&localnet, &path, signed(&*identity, &content)).await;
    assert_refused(
        response,
        StatusCode::PAYLOAD_TOO_LARGE,
        "too large: at most 2097152",
    )
    .await;
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let (localnet, identity, id) = network().await;
    let bodies: [&[u8]; 4] = [b"", b"not CBOR", b"\xd9\xd9\xf7\xa0", &[0x9f; 100]];
    for endpoint in ["call", "query", "read_state"] {
        for body in bodies {
            let path = format!("v3/canister/{id}/{endpoint}");
            let response = post(&localnet, &path, body.to_vec()).await;
            assert_refused(
                response,
                StatusCode::BAD_REQUEST,
                "not a valid CBOR envelope",
            )
            .await;
        }
    }
    // Valid, but at the wrong door.
    let body = signed(&*identity, &call(&*identity, id, "write", b""));
    for endpoint in ["query", "read_state"] {
        let path = format!("v3/canister/{id}/{endpoint}");
        let response = post(&localnet, &path, body.clone()).await;
        assert_refused(response, StatusCode::BAD_REQUEST, "requests of the type").await;
    }
    let response = post(&localnet, "v3/canister/nonsense/call", body.clone()).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "nonsense").await;
    let other = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    let response = post(
        &localnet,
        &format!("v3/canister/{other}/call"),
        body.clone(),
    )
    .await;
    assert_refused(response, StatusCode::BAD_REQUEST, "effective canister id").await;
    let response = post(&localnet, "v9/canister/aaaaa-aa/call", body).await;
    assert_refused(response, StatusCode::NOT_FOUND, "no endpoint").await;
}

#[tokio::test]
async fn state_is_read_by_those_who_may() {
    let (localnet, identity, id) = network().await;
    let content = call(&*identity, id, "write", b"mine");
    let body = signed(&*identity, &content);
    let response = post(&localnet, &format!("v3/canister/{id}/call"), body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let request_id = content.to_request_id();
    let stranger = ed25519(2);
    let url = format!("v3/canister/{id}/read_state");
    let read = async |reader: &dyn Identity, paths: &[&[&[u8]]]| {
        post(&localnet, &url, signed(reader, &read_state(reader, paths))).await
    };

    let own: &[&[u8]] = &[b"request_status", request_id.as_slice()];
    assert_eq!(read(&*identity, &[own]).await.status(), StatusCode::OK);
    let response = read(&*stranger, &[own]).await;
    assert_refused(response, StatusCode::FORBIDDEN, "not their own").await;
    let another: &[&[u8]] = &[b"request_status", &[0; 32]];
    let response = read(&*identity, &[own, another]).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "about the same one").await;
    let response = read(&*identity, &[&[b"request_status", b"short"]]).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "32 bytes").await;

    let response = read(&*identity, &[&[b"canister", &[1], b"module_hash"]]).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "another canister").await;
    let certified_data: &[&[u8]] = &[b"canister", id.as_slice(), b"certified_data"];
    let response = read(&*identity, &[certified_data]).await;
    assert_refused(response, StatusCode::NOT_FOUND, "Invalid path").await;
    let response = read(&*identity, &[&[b"canister"]]).await;
    assert_refused(response, StatusCode::NOT_FOUND, "Invalid path").await;
    let response = read(&*identity, &[&[]]).await;
    assert_refused(response, StatusCode::NOT_FOUND, "Invalid path").await;
    let many: Vec<&[&[u8]]> = vec![&[b"time"]; 1001];
    let response = read(&*identity, &many).await;
    assert_refused(response, StatusCode::BAD_REQUEST, "1001 paths").await;
}

#[tokio::test]
async fn the_node_signs_what_it_answers_to_queries() {
    let (localnet, _, id) = network().await;
    let anonymous = ic_agent::identity::AnonymousIdentity;
    let content = EnvelopeContent::Query {
        nonce: None,
        ingress_expiry: in_minutes(4),
        sender: Principal::anonymous(),
        canister_id: id,
        method_name: "read".into(),
        arg: vec![],
        sender_info: None,
    };
    for version in ["v2", "v3"] {
        let path = format!("{version}/canister/{id}/query");
        let response = post(&localnet, &path, signed(&anonymous, &content)).await;
        let answer: QueryResponse = cbor(response).await;
        assert_eq!(answer.signatures().len(), 1);
        assert!(matches!(answer, QueryResponse::Replied { .. }));
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_use_the_api() {
    let localnet = start().await;
    let url = format!("{}/api/v3/canister/aaaaa-aa/query", localnet.url());
    let preflight = Client::new()
        .request(reqwest::Method::OPTIONS, url)
        .header("origin", "http://example.org")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .send()
        .await
        .unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let url = format!("{}/api/v2/status", localnet.url());
    let status = Client::new()
        .get(url)
        .header("origin", "http://example.org");
    let status = status.send().await.unwrap();
    assert_eq!(status.headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_call_that_announces_endless_values_is_rejected() {
    let (localnet, identity, id) = network().await;
    // record { canister_id = id; unknown = (vec null) with 2^60 elements }
    let mut arg = b"DIDL\x02\x6c\x02".to_vec();
    for (name, kind) in [("canister_id", 0x68), ("unknown", 1)] {
        let mut hash = candid::idl_hash(name);
        while hash >= 0x80 {
            arg.push(hash as u8 | 0x80);
            hash >>= 7;
        }
        arg.extend([hash as u8, kind]);
    }
    assert!(candid::idl_hash("canister_id") < candid::idl_hash("unknown"));
    arg.extend(b"\x6d\x7f\x01\x00\x01");
    arg.push(id.as_slice().len() as u8);
    arg.extend_from_slice(id.as_slice());
    arg.extend([0x80; 8]);
    arg.push(0x10);

    let agent = agent(&localnet, identity).await;
    let error = agent
        .update(&Principal::management_canister(), "start_canister")
        .with_effective_canister_id(id)
        .with_arg(arg)
        .call_and_wait()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cost exceeds"), "{error}");
}
