//! More calls than the network answers: who waits, and who does not.

use crate::support::{CANISTER, Client, scene::Scene, until};
use candid::Principal;
use futures::future::join_all;

const OTHER_CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 1, 1]);

const IN_FLIGHT: &str = "icws_gateway_calls_in_flight";

/// Of the client that goes too far.
const GREEDY: &str = "192.0.2.1";

#[tokio::test]
async fn calls_on_their_way_are_limited_and_delay_no_poll() {
    const CALLS: usize = 10;
    let mut scene = Scene::start(|limits| limits.max_calls = 3).await;
    scene.network.decide(false);
    let mut greedy = Client::open(&scene.gateway, 2).await;
    for _ in 0..CALLS {
        greedy.send_message(CANISTER).await;
    }
    scene.gateway.until_metric(IN_FLIGHT, 3).await;
    // `ws_open` is one of them. Meanwhile messages of the canister go on.
    let accepted = async |n| scene.network.accepted("ws_message").len() == n + 1;
    until(async || accepted(2).await).await;
    for n in 2..50 {
        let (network, gateway) = (&scene.network, &scene.gateway);
        network.queue(gateway.principal, scene.honest.key, n, 10);
        assert_eq!(scene.honest.next_sequence().await, n);
    }
    assert!(accepted(2).await);

    scene.network.decide(true);
    until(async || accepted(CALLS).await).await;
    scene.gateway.until_metric(IN_FLIGHT, 0).await;
}

#[tokio::test]
async fn an_address_waits_for_its_own_calls() {
    let scene = Scene::start_behind_proxy(|limits| limits.max_calls_per_address = 3).await;
    scene.network.decide(false);
    let mut greedy = Client::connect_from(GREEDY, &scene.gateway, 2).await;
    greedy.send_open(CANISTER).await;
    for _ in 0..10 {
        greedy.send_message(CANISTER).await;
    }
    let accepted = |client: &Client| {
        let calls = scene.network.accepted("ws_message").into_iter();
        let of = |sender| sender == client.key.client_principal;
        calls.filter(|call| of(call.sender)).count()
    };
    until(async || accepted(&greedy) == 2).await;
    let mut other = Client::open(&scene.gateway, 3).await;
    other.send_message(CANISTER).await;
    until(async || accepted(&other) == 1).await;
    assert_eq!(accepted(&greedy), 2);
    scene.network.decide(true);
    until(async || accepted(&greedy) == 10).await;
}

/// All of one address: that its clients wait for a slow canister does not delay those of another one, either.
#[tokio::test]
async fn a_slow_canister_delays_its_own_calls_only() {
    const CLIENTS: u64 = 10;
    let scene = Scene::start(|limits| {
        limits.max_calls = 6;
        limits.max_calls_per_address = 6;
        limits.max_calls_per_canister = 3;
    })
    .await;
    scene.network.decide(false);
    let clients = (2..2 + CLIENTS).map(|nonce| Client::open(&scene.gateway, nonce));
    let _clients = join_all(clients).await;
    let pending = "icws_gateway_calls_pending";
    scene.gateway.until_metric(pending, CLIENTS).await;
    scene.gateway.until_metric(IN_FLIGHT, 3).await;

    let mut other = Client::connect(&scene.gateway, 100).await;
    other.send_open(OTHER_CANISTER).await;
    other.send_message(OTHER_CANISTER).await;
    let of = |sender| sender == other.key.client_principal;
    let accepted = |method| scene.network.accepted(method).into_iter();
    until(async || accepted("ws_message").any(|call| of(call.sender))).await;
    scene.gateway.until_metric(IN_FLIGHT, 5).await;
    let opened = |n| accepted("ws_open").count() as u64 == n;
    // Those of the honest client and of the other one, too.
    assert!(opened(3 + 2));
    scene.network.decide(true);
    until(async || opened(CLIENTS + 2)).await;
}
