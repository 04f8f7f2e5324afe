//! What becomes of calls that are not accepted, and how their clients learn of it.

use std::time::Duration;

use crate::support::{CANISTER, Client, connected, fake_network::Answer, until};
use ic_transport_types::RequestId;
use ic_ws_protocol::{CallOutcome, Receipt, Rejection, cbor};

/// A client without receipts is closed: the canister will accept no later message of it.
#[tokio::test]
async fn a_refused_message_is_the_end() {
    let (gateway, network) = connected(|_| {}).await;
    for (nonce, answer, text) in [
        (1, Answer::Reply(Err("who are you?".into())), "who are you?"),
        (2, Answer::Reject("trapped".into()), "trapped"),
        (
            3,
            Answer::NonReplicatedReject("inspected".into()),
            "inspected",
        ),
        (4, Answer::BadRequest("expired".into()), "expired"),
    ] {
        network.answer("ws_message", answer);
        let mut client = Client::open(&gateway, nonce).await;
        client.send_message(CANISTER).await;
        client.expect_close(1013, text).await;
    }
    gateway.stop().await;
    // The canister knew these clients.
    assert_eq!(network.accepted("ws_close").len(), 4);
}

#[tokio::test]
async fn the_canister_may_say_itself_why_it_refused_a_message() {
    let (gateway, network) =
        connected(|config| config.limits.close_message_timeout = Duration::from_secs(3600)).await;
    network.answer("ws_message", Answer::Reply(Err("no".into())));
    let mut client = Client::open(&gateway, 1).await;
    client.send_message(CANISTER).await;
    until(async || network.accepted("ws_message").len() == 1).await;
    network.queue(gateway.principal, client.key, 1, 10);
    client.next_frame().await;
}

#[tokio::test]
async fn a_message_that_is_not_decided_is_the_end() {
    let (gateway, network) =
        connected(|config| config.limits.call_timeout = Duration::from_secs(1)).await;
    for (clients, receipts) in [(1, false), (2, true)] {
        network.decide(true);
        let mut client = match receipts {
            true => Client::connect_for_receipts(&gateway, clients).await,
            false => Client::connect(&gateway, clients).await,
        };
        client.send_open(CANISTER).await;
        if receipts {
            client.next_receipt().await;
        }
        let accepted = "icws_gateway_calls_decided_total{outcome=\"accepted\"}";
        gateway.until_metric(accepted, clients).await;
        network.decide(false);
        client.send_message(CANISTER).await;
        client.expect_close(1013, "not decided").await;
    }
}

#[tokio::test]
async fn calls_wait_for_a_stopped_canister_and_keep_their_order() {
    let (gateway, network) = connected(|_| {}).await;
    network.answer("ws_open", Answer::Stopped);
    network.answer("ws_message", Answer::Stopped);
    let mut client = Client::open(&gateway, 1).await;
    for _ in 0..5 {
        client.send_message(CANISTER).await;
    }
    let requests = network.requests();
    until(async || network.requests() > requests + 2).await;
    network.answer("ws_open", Answer::Reply(Ok(())));
    until(async || network.accepted("ws_open").len() == 1).await;
    network.answer("ws_message", Answer::Reply(Ok(())));
    until(async || network.accepted("ws_message").len() == 5).await;
    for (n, call) in (1_u64..).zip(&network.accepted("ws_message")) {
        assert_eq!(call.arg, n.to_be_bytes());
    }
}

#[tokio::test]
async fn ws_close_does_not_overtake_ws_open() {
    let (gateway, network) =
        connected(|config| config.limits.close_timeout = Duration::from_millis(500)).await;
    network.decide(false);
    let client = Client::open(&gateway, 1).await;
    until(async || network.accepted("ws_open").len() == 1).await;
    client.close().await;
    // Longer than closing may take otherwise.
    let polls = network.polls();
    until(async || network.polls() > polls + 60).await;
    assert!(network.accepted("ws_close").is_empty());
    network.decide(true);
    until(async || network.accepted("ws_close").len() == 1).await;
}

/// A call that the network may execute yet is not refused, whatever becomes of another attempt to post it.
#[tokio::test]
async fn what_was_accepted_is_not_refused_later() {
    let (gateway, network) =
        connected(|config| config.limits.request_timeout = Duration::from_millis(300)).await;
    let unanswered = Answer::Reply(Ok(()));
    for (nonce, answer) in [(1, Answer::Accepted), (2, unanswered)] {
        network.decide(false);
        network.answer("ws_open", answer);
        let mut client = Client::connect_for_receipts(&gateway, nonce).await;
        client.send_open(CANISTER).await;
        until(async || network.accepted("ws_open").len() as u64 == nonce).await;
        network.answer("ws_open", Answer::NonReplicatedReject("inspected".into()));
        client.expect_close(1013, "inspected").await;
    }
    // The canister may know these clients.
    until(async || network.accepted("ws_close").len() == 2).await;
}

/// What the receipt for the call `id` certifies.
fn certified(receipt: &Receipt, id: &RequestId) -> CallOutcome {
    let Receipt::Certificate(certificate) = receipt else {
        panic!("not certified: {receipt:?}");
    };
    let certificate: ic_certification::Certificate = cbor::from_slice(certificate).unwrap();
    CallOutcome::find(&certificate.tree, id).unwrap().unwrap()
}

#[tokio::test]
async fn who_wants_receipts_gets_one_for_each_call_and_stays() {
    let (gateway, network) = connected(|_| {}).await;
    let mut client = Client::connect_for_receipts(&gateway, 1).await;
    client.send_open(CANISTER).await;
    let opened = client.next_receipt().await;
    let reply = candid::encode_one(Ok::<(), String>(())).unwrap();
    assert_eq!(
        certified(&opened.receipt, &opened.request_id),
        CallOutcome::Replied(reply.clone())
    );
    let refusal: Result<(), String> = Err("no".into());
    let refused = candid::encode_one(refusal.clone()).unwrap();
    for (answer, expected) in [
        (Answer::Reply(Ok(())), Ok(CallOutcome::Replied(reply))),
        (Answer::Reply(refusal), Ok(CallOutcome::Replied(refused))),
        (
            Answer::Reject("trapped".into()),
            Ok(CallOutcome::Rejected {
                rejection: rejection(4, "trapped"),
                error_code: None,
            }),
        ),
        (
            Answer::NonReplicatedReject("inspected".into()),
            Err(rejection(4, "inspected")),
        ),
        (
            Answer::BadRequest("expired".into()),
            Err(rejection(400, "expired")),
        ),
    ] {
        network.answer("ws_message", answer);
        let sent = client.send_message(CANISTER).await;
        let frame = client.next_receipt().await;
        assert_eq!(frame.request_id, sent);
        match expected {
            Ok(outcome) => assert_eq!(certified(&frame.receipt, &sent), outcome),
            Err(rejection) => assert_eq!(frame.receipt, Receipt::Rejection(rejection)),
        }
    }
    // Messages go on beside them.
    network.queue(gateway.principal, client.key, 1, 10);
    client.next_frame().await;
}

fn rejection(code: u64, message: &str) -> Rejection {
    Rejection {
        code,
        message: message.to_owned(),
    }
}

#[tokio::test]
async fn a_refused_open_has_a_receipt_before_the_end() {
    let (gateway, network) = connected(|_| {}).await;
    network.answer("ws_open", Answer::Reject("trapped".into()));
    let mut client = Client::connect_for_receipts(&gateway, 1).await;
    client.send_open(CANISTER).await;
    let frame = client.next_receipt().await;
    certified(&frame.receipt, &frame.request_id);
    client.expect_close(1008, "trapped").await;
}
