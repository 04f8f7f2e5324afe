use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const PROVIDER: &str = "https://id.example";
const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_000 * SECOND;

fn exchange() -> Exchange {
    let config = SignInConfig::new("https://id.example/authorize", vec![]);
    Exchange::new(config, PROVIDER, vec![1, 2, 3], 7, START)
}

/// All that is due, decoded.
fn posts(exchange: &mut Exchange, now: u64) -> Vec<(Value, String)> {
    std::iter::from_fn(|| exchange.poll_post(now).unwrap())
        .map(|post| {
            (
                serde_json::from_str(&post.message).unwrap(),
                post.target_origin,
            )
        })
        .collect()
}

fn answer(request: &Value, rest: &str, outcome: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": request["id"], rest: outcome }).to_string()
}

/// An exchange whose request for a delegation is with the provider, and that request.
fn requested() -> (Exchange, Value) {
    let mut exchange = exchange();
    let (status, _) = posts(&mut exchange, START).remove(0);
    let ready = answer(&status, "result", json!("ready"));
    assert!(exchange.handle_message(PROVIDER, &ready, START).is_none());
    let (request, _) = posts(&mut exchange, START).remove(0);
    (exchange, request)
}

fn chain() -> Value {
    json!({
        "publicKey": "AQ==",
        "signerDelegation": [{
            "delegation": {
                "pubkey": "AQID",
                "expiration": "1702683438614940079",
                "targets": ["xhy27-fqaaa-aaaao-a2hlq-cai"],
            },
            "signature": "BAU=",
        }],
    })
}

#[test]
fn asks_for_the_status_until_the_window_is_ready_then_for_a_delegation() {
    let mut exchange = exchange();
    let first = posts(&mut exchange, START);
    assert_eq!(first.len(), 1);
    let (status, target) = &first[0];
    assert_eq!(status["method"], "icrc29_status");
    assert_eq!(status.get("params"), None);
    assert_eq!(target, "*");
    assert!(posts(&mut exchange, START + 1).is_empty());
    assert_eq!(exchange.next_deadline(), START + 300_000_000);
    assert_eq!(posts(&mut exchange, START + 300_000_000), first);

    let pending = answer(status, "result", json!("pending"));
    assert!(
        exchange
            .handle_message(PROVIDER, &pending, START + 1)
            .is_none()
    );
    assert!(posts(&mut exchange, START + 300_000_001).is_empty());

    let ready = answer(status, "result", json!("ready"));
    for _ in 0..2 {
        let now = START + 300_000_002;
        assert!(exchange.handle_message(PROVIDER, &ready, now).is_none());
    }
    let request = posts(&mut exchange, START + 300_000_002);
    assert_eq!(request.len(), 1);
    let (request, target) = &request[0];
    assert_eq!(request["method"], "icrc34_delegation");
    assert_eq!(
        request["params"],
        json!({ "publicKey": "AQID", "maxTimeToLive": "28800000000000" })
    );
    assert_eq!(target, PROVIDER);
    // The heartbeat goes on.
    assert_eq!(posts(&mut exchange, START + SECOND), first);
}

#[test]
fn the_delegation_is_what_the_provider_answers() {
    let (mut exchange, request) = requested();
    let delegated = answer(&request, "result", chain());
    let chain = exchange.handle_message(PROVIDER, &delegated, START);
    let chain = chain.unwrap().unwrap();
    assert_eq!(chain.public_key, [1]);
    let [signed] = &chain.delegations[..] else {
        panic!("{chain:?}");
    };
    assert_eq!(signed.signature, [4, 5]);
    assert_eq!(signed.delegation.pubkey, [1, 2, 3]);
    assert_eq!(signed.delegation.expiration, 1_702_683_438_614_940_079);
    let targets = signed.delegation.targets.as_ref().unwrap();
    assert_eq!(targets[0].to_text(), "xhy27-fqaaa-aaaao-a2hlq-cai");
}

#[test]
fn what_comes_from_elsewhere_is_ignored() {
    let (mut exchange, request) = requested();
    let delegated = answer(&request, "result", chain());
    for origin in [
        "https://evil.example",
        "null",
        "",
        "https://id.example:8443",
    ] {
        assert!(exchange.handle_message(origin, &delegated, START).is_none());
    }
    let other = answer(&json!({ "id": "delegation-0" }), "result", chain());
    assert!(exchange.handle_message(PROVIDER, &other, START).is_none());
}

#[test]
fn a_delegation_that_was_not_asked_for_is_ignored() {
    let (_, request) = requested();
    let delegated = answer(&request, "result", chain());
    let mut early = exchange();
    assert!(early.handle_message(PROVIDER, &delegated, START).is_none());
}

#[test]
fn errors_of_the_provider_are_told_apart() {
    let told = |error| {
        let (mut exchange, request) = requested();
        let answer = answer(&request, "error", error);
        exchange
            .handle_message(PROVIDER, &answer, START)
            .unwrap()
            .unwrap_err()
    };
    let refused = json!({ "code": 3001, "message": "Action aborted" });
    assert_eq!(told(refused), SignInError::Refused);
    assert_eq!(told(json!({ "code": 3000 })), SignInError::Refused);
    let SignInError::Provider { code, message } =
        told(json!({ "code": 1000, "message": "ß".repeat(1000), "data": {} }))
    else {
        panic!("not the provider's error");
    };
    assert_eq!((code, message.len()), (1000, MAX_WORDS_BYTES));
}

#[test]
fn an_answer_that_is_not_a_delegation_is_told() {
    for result in [
        json!(null),
        json!({}),
        json!({ "publicKey": "%", "signerDelegation": [] }),
    ] {
        let (mut exchange, request) = requested();
        let answer = answer(&request, "result", result);
        let error = exchange.handle_message(PROVIDER, &answer, START);
        assert!(matches!(error, Some(Err(SignInError::Malformed(_)))));
    }
}

#[test]
fn a_window_that_closes_may_have_answered_just_before() {
    let (mut exchange, request) = requested();
    exchange.handle_closed(START);
    exchange.handle_closed(START + 1);
    assert_eq!(exchange.handle_timeout(START + 1), Ok(()));
    let delegated = answer(&request, "result", chain());
    assert!(matches!(
        exchange.handle_message(PROVIDER, &delegated, START + 2),
        Some(Ok(_))
    ));

    let (mut exchange, _) = requested();
    exchange.handle_closed(START);
    let closed = exchange.handle_timeout(START + 500_000_000);
    assert_eq!(closed, Err(SignInError::WindowClosed));
}

#[test]
fn waits_neither_for_the_window_nor_for_the_person_for_ever() {
    let mut exchange = exchange();
    let minute = Duration::from_secs(60);
    assert_eq!(exchange.handle_timeout(START + 60 * SECOND - 1), Ok(()));
    assert_eq!(
        exchange.handle_timeout(START + 60 * SECOND),
        Err(SignInError::NoAnswer(minute))
    );
    let (mut exchange, _) = requested();
    assert_eq!(exchange.handle_timeout(START + 900 * SECOND - 1), Ok(()));
    assert_eq!(
        exchange.handle_timeout(START + 900 * SECOND),
        Err(SignInError::TimedOut(15 * minute))
    );
}

proptest! {
    #[test]
    fn no_message_from_elsewhere_changes_anything(
        messages in prop::collection::vec((any_origin(), any_message()), 0..20),
    ) {
        let (mut exchange, request) = requested();
        for (origin, message) in messages {
            let message = message.replace("ID", request["id"].as_str().unwrap());
            prop_assert!(exchange.handle_message(&origin, &message, START).is_none());
        }
        let delegated = answer(&request, "result", chain());
        prop_assert!(matches!(
            exchange.handle_message(PROVIDER, &delegated, START),
            Some(Ok(_))
        ));
    }

    #[test]
    fn junk_from_the_provider_is_ignored(message in any_message()) {
        let (mut exchange, _) = requested();
        prop_assert!(exchange.handle_message(PROVIDER, &message, START).is_none());
    }
}

fn any_origin() -> impl Strategy<Value = String> {
    prop_oneof![
        "https://[a-z.]{0,12}:?[0-9]{0,4}",
        "https://id\\.example\\PC{1,4}",
        Just("null".to_owned()),
    ]
    .prop_filter("not the provider", |origin| origin != PROVIDER)
}

/// Some of them are right but for the id; `ID` stands for the right one.
fn any_message() -> impl Strategy<Value = String> {
    let right = |id: &str| answer(&json!({ "id": id }), "result", chain());
    prop_oneof![
        "\\PC{0,40}",
        Just(right("ID")),
        Just(right("1")),
        Just(answer(
            &json!({ "id": "ID" }),
            "error",
            json!({ "code": 3001, "message": "" })
        )),
        Just(json!({ "kind": "authorize-ready" }).to_string()),
        Just(json!({ "jsonrpc": "1.0", "id": "ID", "result": "ready" }).to_string()),
    ]
}
