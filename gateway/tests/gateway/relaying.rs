//! Both ways between client and canister, when the network does not make it easy.

use std::time::Duration;

use crate::support::{
    CANISTER, Client, connected,
    fake_network::{Answer, Spoiled},
    until,
};
use candid::Principal;
use ic_certification::{HashTree, LookupResult};
use ic_ws_gateway::Config;
use ic_ws_protocol::{
    CanisterWsCloseArguments, WebsocketMessage, cbor, message_key::WEBSOCKET_LABEL,
};

/// Longer than any test takes.
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_refused_open_tells_the_client_why() {
    let (gateway, network) = connected(|_| {}).await;
    for (answer, text) in [
        (
            Answer::Reply(Err("no gateway of mine".into())),
            "no gateway of mine",
        ),
        (Answer::Reject("trapped".into()), "trapped"),
        (Answer::NonReplicatedReject("inspected".into()), "inspected"),
        (
            Answer::BadRequest("wrong signature".into()),
            "wrong signature",
        ),
    ] {
        network.answer("ws_open", answer);
        let client = Client::open(&gateway, 1).await;
        client.expect_close(1008, text).await;
    }
    gateway
        .until_metric(
            "icws_gateway_connections_closed_total{reason=\"open_refused\"}",
            4,
        )
        .await;
    // The canister does not know these clients.
    gateway.stop().await;
    assert!(network.accepted("ws_close").is_empty());
}

#[tokio::test]
async fn an_open_that_cannot_be_delivered_tells_so() {
    let (gateway, network) = connected(|config| {
        config.limits.call_timeout = Duration::from_millis(300);
        config.limits.close_timeout = Duration::from_millis(100);
    })
    .await;
    network.fail(usize::MAX);
    let client = Client::open(&gateway, 1).await;
    client.expect_close(1013, "503").await;
}

#[tokio::test]
async fn a_network_that_fails_for_a_while_is_asked_again() {
    let (gateway, network) = connected(|_| {}).await;
    network.fail(4);
    let mut client = Client::open(&gateway, 1).await;
    network.queue(gateway.principal, client.key, 1, 10);
    assert_eq!(client.next_sequence().await, 1);
    until(async || network.accepted("ws_open").len() == 1).await;
}

#[tokio::test]
async fn calls_keep_their_order_and_do_not_wait_for_each_other() {
    let (gateway, network) = connected(|_| {}).await;
    network.decide(false);
    let mut client = Client::open(&gateway, 1).await;
    for _ in 0..20 {
        client.send_message(CANISTER).await;
    }
    // All are accepted while none is decided.
    until(async || network.accepted("ws_message").len() == 20).await;
    let accepted: Vec<_> = network.accepted("ws_message");
    for (n, call) in (1_u64..).zip(&accepted) {
        assert_eq!(call.arg, n.to_be_bytes());
    }
}

#[tokio::test]
async fn undecided_calls_are_limited() {
    let (gateway, network) = connected(|config| config.limits.max_pending_calls = 3).await;
    network.decide(false);
    let mut client = Client::open(&gateway, 1).await;
    for _ in 0..10 {
        client.send_message(CANISTER).await;
    }
    // `ws_open` is one of them.
    until(async || network.accepted("ws_message").len() == 2).await;
    // It stays so while polls go on.
    let polls = network.polls();
    until(async || network.polls() > polls + 10).await;
    assert_eq!(network.accepted("ws_message").len(), 2);
    network.decide(true);
    until(async || network.accepted("ws_message").len() == 10).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 11)
        .await;
}

#[tokio::test]
async fn the_canister_is_told_when_a_client_has_gone() {
    let (gateway, network) = connected(|_| {}).await;
    let mut client = Client::open(&gateway, 1).await;
    let client_key = client.key;
    client.send_message(CANISTER).await;
    client.close().await;
    until(async || !network.accepted("ws_close").is_empty()).await;
    let [close] = &network.accepted("ws_close")[..] else {
        panic!("one ws_close");
    };
    assert_eq!(close.sender, gateway.principal);
    let arg: CanisterWsCloseArguments = candid::decode_one(&close.arg).unwrap();
    assert_eq!(arg.client_key, client_key);
    // Its last message was not lost.
    assert_eq!(network.accepted("ws_message").len(), 1);
}

#[tokio::test]
async fn each_client_gets_its_messages_and_their_proof_alone() {
    let (gateway, network) = connected(|_| {}).await;
    network.page(7);
    let mut alice = Client::open(&gateway, 1).await;
    let mut bob = Client::open(&gateway, 2).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 2)
        .await;
    for n in 1..=20 {
        network.queue(gateway.principal, alice.key, n, 10);
        network.queue(gateway.principal, bob.key, n, 10);
    }
    for client in [&mut alice, &mut bob] {
        for n in 1..=20 {
            let frame = client.next_frame().await;
            let message = WebsocketMessage::from_cbor(&frame.content).unwrap();
            assert_eq!((message.client_key, message.sequence_num), (client.key, n));
            assert_eq!(frame.cert, b"certificate");
            let witness: HashTree = cbor::from_slice(&frame.tree).unwrap();
            let path = [WEBSOCKET_LABEL, frame.key.as_bytes()];
            assert_eq!(witness.lookup_path(path), LookupResult::Found(&[0; 32]));
            assert_eq!(witness.list_paths().len(), 1);
        }
    }
}

/// A client that does not read is closed, and another is not disturbed.
async fn expect_slow_client_closed(change: impl FnOnce(&mut Config)) {
    let (gateway, network) = connected(change).await;
    let slow = Client::open(&gateway, 1).await;
    let mut other = Client::open(&gateway, 2).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 2)
        .await;
    // More than the socket's buffers hold.
    for n in 1..=200 {
        network.queue(gateway.principal, slow.key, n, 100_000);
        network.queue(gateway.principal, other.key, n, 10);
    }
    for n in 1..=200 {
        assert_eq!(other.next_sequence().await, n);
    }
    gateway
        .until_metric(
            "icws_gateway_connections_closed_total{reason=\"slow_client\"}",
            1,
        )
        .await;
}

#[tokio::test]
async fn a_client_with_too_many_messages_waiting_is_closed() {
    expect_slow_client_closed(|config| config.limits.max_outgoing_messages = 50).await;
}

#[tokio::test]
async fn a_client_with_too_many_bytes_waiting_is_closed() {
    expect_slow_client_closed(|config| config.limits.max_outgoing_bytes = 3_000_000).await;
}

#[tokio::test]
async fn a_message_larger_than_may_wait_is_delivered() {
    let (gateway, network) = connected(|config| config.limits.max_outgoing_bytes = 1000).await;
    let mut client = Client::open(&gateway, 1).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 1)
        .await;
    for n in 1..=3 {
        network.queue(gateway.principal, client.key, n, 100_000);
        assert_eq!(client.next_sequence().await, n);
    }
}

#[tokio::test]
async fn a_call_is_followed_by_a_poll() {
    let (gateway, network) = connected(|config| config.polling_interval = HOUR).await;
    let mut client = Client::connect(&gateway, 1).await;
    network.queue(gateway.principal, client.key, 1, 10);
    client.send_open(CANISTER).await;
    assert_eq!(client.next_sequence().await, 1);
    for n in 2..=5 {
        network.queue(gateway.principal, client.key, n, 10);
        client.send_message(CANISTER).await;
        assert_eq!(client.next_sequence().await, n);
    }
}

#[tokio::test]
async fn a_queue_is_drained_without_pauses() {
    let (gateway, network) = connected(|config| config.polling_interval = HOUR).await;
    network.page(3);
    let mut client = Client::connect(&gateway, 1).await;
    for n in 1..=20 {
        network.queue(gateway.principal, client.key, n, 10);
    }
    client.send_open(CANISTER).await;
    for n in 1..=20 {
        assert_eq!(client.next_sequence().await, n);
    }
}

#[tokio::test]
async fn one_failed_poll_disturbs_nobody() {
    let (gateway, network) =
        connected(|config| config.limits.canister_timeout = Duration::from_millis(300)).await;
    let mut client = Client::open(&gateway, 1).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 1)
        .await;
    // The queue is not drained within the timeout.
    network.page(1);
    network.delay_polls(Duration::from_millis(40));
    for n in 1..=20 {
        network.queue(gateway.principal, client.key, n, 10);
    }
    for n in 1..=20 {
        if n == 15 {
            network.fail(1);
        }
        assert_eq!(client.next_sequence().await, n);
    }
    gateway
        .until_metric("icws_gateway_polls_total{result=\"failed\"}", 1)
        .await;
}

#[tokio::test]
async fn a_poll_that_is_never_answered_is_repeated() {
    let (gateway, network) =
        connected(|config| config.limits.poll_timeout = Duration::from_millis(200)).await;
    network.delay_polls(HOUR);
    let mut client = Client::open(&gateway, 1).await;
    until(async || network.polls() > 0).await;
    network.delay_polls(Duration::ZERO);
    network.queue(gateway.principal, client.key, 1, 10);
    assert_eq!(client.next_sequence().await, 1);
}

#[tokio::test]
async fn a_canister_that_cannot_be_polled_disturbs_its_own_clients_only() {
    const OTHER_CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 1, 1]);
    let (gateway, network) =
        connected(|config| config.limits.canister_timeout = Duration::from_millis(300)).await;
    network.spoil_polls_of(CANISTER, Spoiled::Unavailable);
    let mut other = Client::connect(&gateway, 2).await;
    other.send_open(OTHER_CANISTER).await;
    let client = Client::open(&gateway, 1).await;
    client
        .expect_close(1013, &format!("canister {CANISTER} is unavailable"))
        .await;
    network.queue(gateway.principal, other.key, 1, 10);
    assert_eq!(other.next_sequence().await, 1);
}
