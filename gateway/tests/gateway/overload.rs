//! More calls than the network answers: who waits, and who does not.

use crate::support::{CANISTER, Client, scene::Scene, until};

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
