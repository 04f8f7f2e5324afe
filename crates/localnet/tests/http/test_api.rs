//! The test API over HTTP, and what real clients see of a network that misbehaves.

use std::time::Duration;

use ic_agent::{Agent, AgentError};
use ic_localnet::{Config, HttpLimits, Localnet, faults::TestApi};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use crate::common::{STORE, agent, canister, ed25519, eventually, start};

async fn start_with_test_api() -> Localnet {
    let config = Config {
        test_api: Some(TestApi::default()),
        http: HttpLimits {
            call_timeout: Duration::from_millis(200),
            ..HttpLimits::default()
        },
        ..Config::default()
    };
    Localnet::start(config).await.unwrap()
}

fn request(localnet: &Localnet, method: Method, what: &str) -> RequestBuilder {
    Client::new().request(method, format!("{}/_/test/{what}", localnet.url()))
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body.to_string())
}

async fn answer(request: RequestBuilder) -> (StatusCode, String) {
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn get(localnet: &Localnet, what: &str) -> Value {
    let (status, text) = answer(request(localnet, Method::GET, what)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn set_faults(localnet: &Localnet, faults: Value) {
    let request = with_json(request(localnet, Method::PUT, "faults"), &faults);
    let (status, text) = answer(request).await;
    assert_eq!(status, StatusCode::OK, "{text}");
}

async fn advance(localnet: &Localnet, milliseconds: u64) -> u64 {
    let body = json!({ "advance_ms": milliseconds });
    let (status, text) = answer(with_json(request(localnet, Method::POST, "clock"), &body)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let time: Value = serde_json::from_str(&text).unwrap();
    time["now_ns"].as_u64().unwrap()
}

fn write(
    agent: &Agent,
    canister: candid::Principal,
    text: &str,
) -> impl Future<Output = Result<Vec<u8>, AgentError>> + Send + 'static {
    let (agent, text) = (agent.clone(), text.to_owned());
    async move {
        let call = agent.update(&canister, "write").with_arg(text);
        call.call_and_wait().await
    }
}

#[tokio::test]
async fn it_is_off_unless_asked_for() {
    let localnet = start().await;
    assert!(localnet.test_control().is_none());
    for (method, what) in [
        (Method::GET, "clock"),
        (Method::POST, "clock"),
        (Method::PUT, "faults"),
    ] {
        let (status, text) = answer(request(&localnet, method, what)).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(text.contains("--test-api"), "{text}");
    }
}

#[tokio::test]
async fn faults_are_read_as_they_were_written() {
    let localnet = start_with_test_api().await;
    let faults = json!({
        "seed": 7,
        "certification_delay_ms": 250,
        "rules": [
            { "fault": "drop", "canister": "aaaaa-aa", "method": "raw_rand", "probability": 0.5, "times": 3 },
            { "fault": { "delay": { "by_ms": 10 } }, "canister": null, "method": null, "probability": 1.0, "times": null },
            { "fault": { "reorder": { "calls": 2, "within_ms": 20, "order": "shuffled" } },
              "canister": null, "method": "write", "probability": 1.0, "times": null },
            { "fault": { "answer_late": { "by_ms": 30 } }, "canister": null, "method": null, "probability": 1.0, "times": null },
            { "fault": { "stale_query": { "by_ms": 40 } }, "canister": null, "method": null, "probability": 1.0, "times": null },
        ],
    });
    set_faults(&localnet, faults.clone()).await;
    assert_eq!(get(&localnet, "faults").await, faults);
    set_faults(&localnet, json!({})).await;
    let none = json!({ "seed": 0, "certification_delay_ms": 0, "rules": [] });
    assert_eq!(get(&localnet, "faults").await, none);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_told_why() {
    let localnet = start_with_test_api().await;
    for (body, expected) in [
        (json!({ "rules": [{ "fault": "explode" }] }), "explode"),
        (
            json!({ "rules": [{ "fault": "drop", "methd": "x" }] }),
            "methd",
        ),
        (
            json!({ "rules": [{ "fault": "drop", "canister": "x" }] }),
            "Base32",
        ),
        (
            json!({ "rules": [{ "fault": { "delay": { "by_ms": -1 } } }] }),
            "-1",
        ),
        (
            json!({ "rules": [{ "fault": "drop", "probability": 2 }] }),
            "probability",
        ),
        (
            json!({ "certification_delay_ms": 3_600_001 }),
            "is too long",
        ),
    ] {
        let put = request(&localnet, Method::PUT, "faults");
        let (status, text) = answer(with_json(put, &body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(text.contains(expected), "{body}: {text}");
    }
    let (status, text) = answer(request(&localnet, Method::DELETE, "faults")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(text.contains("DELETE"), "{text}");
    let long = json!({ "rules": [], "long": "x".repeat(1 << 20) });
    let put = request(&localnet, Method::PUT, "faults");
    let (status, _) = answer(with_json(put, &long)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    for body in [json!({}), json!({ "advance_ms": u64::MAX }), json!(5)] {
        let post = request(&localnet, Method::POST, "clock");
        let (status, text) = answer(with_json(post, &body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {text}");
    }
}

#[tokio::test]
async fn pages_cannot_use_it() {
    let localnet = start_with_test_api().await;
    let body = json!({ "advance_ms": 1 });
    let clock = || request(&localnet, Method::POST, "clock");
    let (status, _) =
        answer(with_json(clock(), &body).header(header::ORIGIN, "http://example.com")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // What a form sends.
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let form = clock().header(header::CONTENT_TYPE, content_type);
        let (status, text) = answer(form.body(body.to_string())).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(text.contains("application/json"), "{text}");
    }
    let preflight = request(&localnet, Method::OPTIONS, "clock")
        .header(header::ORIGIN, "http://example.com")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let response = preflight.send().await.unwrap();
    assert!(!response.status().is_success());
    let allowed = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    assert_eq!(allowed, None);
}

#[tokio::test]
async fn a_client_lives_with_a_clock_that_is_a_little_ahead() {
    let localnet = start_with_test_api().await;
    let client = agent(&localnet, ed25519(1)).await;
    let id = canister(&client, STORE).await;
    let now_ns = advance(&localnet, 90_000).await;
    write(&client, id, "ahead").await.unwrap();
    assert_eq!(client.query(&id, "read").call().await.unwrap(), b"ahead");
    assert!(get(&localnet, "clock").await["now_ns"].as_u64().unwrap() > now_ns);

    // Not with one that its requests are too old for.
    advance(&localnet, 100_000).await;
    let AgentError::HttpError(refused) = write(&client, id, "too late").await.unwrap_err() else {
        panic!("not refused");
    };
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn an_agent_gives_up_on_a_dropped_call() {
    let localnet = start_with_test_api().await;
    let patient = agent(&localnet, ed25519(1)).await;
    let id = canister(&patient, STORE).await;
    let impatient = Agent::builder()
        .with_url(localnet.url())
        .with_arc_identity(ed25519(1))
        .with_max_polling_time(Duration::from_secs(1))
        .build()
        .unwrap();
    impatient.fetch_root_key().await.unwrap();
    let rule = json!({ "fault": "drop", "method": "write", "times": 1 });
    set_faults(&localnet, json!({ "rules": [rule] })).await;
    let lost = write(&impatient, id, "lost").await.unwrap_err();
    assert!(
        matches!(lost, AgentError::TimeoutWaitingForResponse()),
        "{lost}"
    );
    assert_eq!(patient.query(&id, "read").call().await.unwrap(), b"");
    write(&patient, id, "said again").await.unwrap();
    let read = patient.query(&id, "read").call().await.unwrap();
    assert_eq!(read, b"said again");
}

#[tokio::test]
async fn calls_of_an_agent_are_executed_in_another_order() {
    let localnet = start_with_test_api().await;
    let client = agent(&localnet, ed25519(1)).await;
    let id = canister(&client, STORE).await;
    let reorder = json!({ "reorder": { "calls": 2, "within_ms": 60_000 } });
    let rule = json!({ "fault": reorder, "canister": id.to_text(), "times": 2 });
    set_faults(&localnet, json!({ "rules": [rule] })).await;
    let first = tokio::spawn(write(&client, id, "submitted first"));
    eventually(async || get(&localnet, "faults").await["rules"][0]["times"] == 1).await;
    write(&client, id, "submitted last").await.unwrap();
    first.await.unwrap().unwrap();
    let read = client.query(&id, "read").call().await.unwrap();
    assert_eq!(read, b"submitted first");
}

#[tokio::test]
async fn an_agent_waits_for_a_late_answer() {
    let localnet = start_with_test_api().await;
    let client = agent(&localnet, ed25519(1)).await;
    let id = canister(&client, STORE).await;
    let late = json!({ "answer_late": { "by_ms": 60_000 } });
    let rule = json!({ "fault": late, "method": "write" });
    set_faults(&localnet, json!({ "rules": [rule] })).await;
    let writing = tokio::spawn(write(&client, id, "executed"));
    eventually(async || client.query(&id, "read").call().await.unwrap() == b"executed").await;
    assert!(!writing.is_finished());
    advance(&localnet, 60_000).await;
    writing.await.unwrap().unwrap();
}
