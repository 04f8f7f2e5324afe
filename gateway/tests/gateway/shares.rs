//! Memory that clients share: who takes more than a share of it, and who does not notice.

use crate::support::{
    CANISTER, Client,
    scene::{Scene, masked},
    until,
};
use futures::future::join_all;
use tokio::io::AsyncWriteExt;

const SIZE: usize = 100_000;

/// Of the clients that go too far.
const GREEDY: &str = "192.0.2.1";

/// Of one that does not.
const OTHER: &str = "192.0.2.2";

const CROWD: usize = 8;

/// So many of the crowd have room in the share of [`FOUR_MESSAGES`].
const SERVED: usize = 4;

/// And what is said beside them.
const FOUR_MESSAGES: usize = 4 * SIZE + SIZE / 2;

async fn send_large(client: &mut Client) {
    let call = client.call(CANISTER, "ws_message", vec![0; SIZE]);
    client.try_send(call).await;
}

/// Clients of one address, each of which sends a large message. Some have no room, and are closed for `reason`.
async fn crowd(scene: &Scene, reason: &str) -> Vec<Client> {
    let before = scene.network.accepted("ws_message").len();
    let arrived = || scene.network.accepted("ws_message").len() - before;
    let mut clients = vec![];
    for n in 1..=CROWD {
        let mut client = Client::connect_from(GREEDY, &scene.gateway, 1 + n as u64).await;
        client.send_open(CANISTER).await;
        send_large(&mut client).await;
        until(async || arrived() + scene.closed(reason).await == n).await;
        clients.push(client);
    }
    assert_eq!(arrived(), SERVED);
    clients
}

/// A client sends as much as each of them, and that arrives.
async fn expect_served(scene: &Scene, address: &str, nonce: u64) {
    let mut client = Client::connect_from(address, &scene.gateway, nonce).await;
    client.send_open(CANISTER).await;
    send_large(&mut client).await;
    let of_client = |sender| sender == client.key.client_principal;
    let accepted = || scene.network.accepted("ws_message").into_iter();
    until(async || accepted().any(|call| of_client(call.sender))).await;
}

/// The buffer that a large message has arrived in stays, and counts as long as the client does.
#[tokio::test]
async fn large_messages_of_an_address_take_no_more_than_its_share() {
    let mut scene = Scene::start_behind_proxy(|limits| {
        limits.max_incoming_bytes_per_address = FOUR_MESSAGES;
    })
    .await;
    let crowd = crowd(&scene, "too_much_incoming_of_address").await;
    expect_served(&scene, OTHER, 100).await;
    drop(crowd);
    scene.expect_alone().await;
    expect_served(&scene, GREEDY, 101).await;
}

#[tokio::test]
async fn undecided_calls_of_an_address_take_no_more_than_its_share() {
    let scene = Scene::start_behind_proxy(|limits| {
        limits.max_pending_bytes_per_address = FOUR_MESSAGES;
    })
    .await;
    scene.network.decide(false);
    let _crowd = crowd(&scene, "too_much_pending_of_address").await;
    expect_served(&scene, OTHER, 100).await;
}

#[tokio::test]
async fn messages_that_wait_for_an_address_take_no_more_than_its_share() {
    const MESSAGES: u64 = 200;
    let mut scene = Scene::start_behind_proxy(|limits| {
        limits.max_outgoing_bytes_per_address = 3_000_000;
    })
    .await;
    let mut greedy = Client::connect_from(GREEDY, &scene.gateway, 2).await;
    greedy.send_open(CANISTER).await;
    until(async || scene.network.accepted("ws_open").len() == 2).await;
    // More than the socket's buffers hold; the honest client has got its first message.
    for n in 1..=MESSAGES {
        let (network, gateway) = (&scene.network, scene.gateway.principal);
        network.queue(gateway, greedy.key, n, SIZE);
        network.queue(gateway, scene.honest.key, n + 1, 10);
    }
    for n in 1..=MESSAGES {
        assert_eq!(scene.honest.next_sequence().await, n + 1);
    }
    scene.expect_closed("slow_clients_of_address").await;
}

#[tokio::test]
async fn messages_that_are_not_complete_take_no_more_than_their_share() {
    let mut scene = Scene::start(|limits| limits.max_total_incoming_bytes = 5 * SIZE).await;
    let frame = masked(&[0; SIZE]);
    let sockets = join_all((0..20).map(async |_| {
        let mut socket = scene.raw_socket().await;
        // All but the last byte; some are closed meanwhile.
        socket.write_all(&frame[..frame.len() - 1]).await.ok();
        socket
    }))
    .await;
    // Five at most are within the limit.
    until(async || scene.closed("too_much_incoming").await >= 15).await;
    drop(sockets);
    scene.expect_alone().await;
}

#[tokio::test]
async fn calls_that_nobody_decides_take_no_more_than_their_share() {
    let mut scene = Scene::start_behind_proxy(|limits| {
        limits.max_pending_bytes = 10 * SIZE;
        limits.max_total_pending_bytes = 8 * SIZE;
    })
    .await;
    scene.network.decide(false);
    let mut greedy = Client::connect_from(GREEDY, &scene.gateway, 2).await;
    greedy.send_open(CANISTER).await;
    for n in 0..8_u8 {
        let call = greedy.call(CANISTER, "ws_message", vec![n; SIZE]);
        greedy.try_send(call).await;
    }
    greedy.expect_close(1013, "undecided").await;
    scene.network.decide(true);
    scene.expect_served().await;
}
