//! Clients that try to hurt the gateway, beside one that does nothing wrong and is to notice none of it.

use std::{num::NonZeroU32, time::Duration};

use crate::support::{
    CANISTER, Client,
    fake_network::{Answer, Spoiled},
    scene::{Scene, masked},
    until, within,
};
use candid::Principal;
use futures::future::join_all;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

/// Writes `bytes` as long as somebody takes them, and reads what comes until the other side ends it.
async fn exchange(stream: TcpStream, bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = stream.into_split();
    let mut received = vec![];
    within(async {
        tokio::join!(
            async {
                writer.write_all(bytes).await.ok();
                writer.shutdown().await.ok();
            },
            async { reader.read_to_end(&mut received).await.ok() },
        )
    })
    .await;
    received
}

#[tokio::test]
async fn frames_that_are_nearly_right_hurt_nobody() {
    const CONNECTIONS: u64 = 500;
    const FRAMES: usize = 20;
    let mut scene = Scene::start(|_| {}).await;
    let template = Client::connect(&scene.gateway, 2).await;
    let Message::Binary(valid) = template.open_call(CANISTER) else {
        panic!("calls are binary");
    };
    template.close().await;

    for seeds in (0..CONNECTIONS).collect::<Vec<_>>().chunks(50) {
        join_all(seeds.iter().map(async |seed| {
            let mut random = StdRng::seed_from_u64(*seed);
            let mut bytes = vec![];
            for _ in 0..FRAMES {
                let mut payload = valid.to_vec();
                for _ in 0..random.random_range(1..8) {
                    let at = random.random_range(0..payload.len());
                    payload[at] = random.random();
                }
                payload.truncate(random.random_range(0..=payload.len() * 2));
                bytes.extend(masked(&payload));
            }
            // One in four breaks the framing, too.
            if seed % 4 == 0 {
                let at = random.random_range(0..bytes.len());
                random.fill_bytes(&mut bytes[at..]);
            }
            exchange(scene.raw_socket().await, &bytes).await;
        }))
        .await;
    }
    scene.expect_alone().await;
    let metrics = scene.gateway.get("/metrics").await;
    assert!(!metrics.contains("reason=\"internal\""), "{metrics}");
}

#[tokio::test]
async fn a_flood_of_garbage_ends_with_its_first_frame() {
    let mut scene = Scene::start(|_| {}).await;
    let flood = masked(b"garbage").repeat(100_000);
    let socket = scene.raw_socket().await;
    let (received, ()) = tokio::join!(exchange(socket, &flood), async {
        for _ in 0..10 {
            scene.expect_served().await;
        }
    });
    let text = String::from_utf8_lossy(&received);
    assert!(text.contains("malformed frame"), "{text}");
    scene.expect_alone().await;
}

#[tokio::test]
async fn a_huge_frame_is_not_waited_for() {
    const SIZE: usize = 100 * 1024 * 1024;
    let mut scene = Scene::start(|_| {}).await;
    let frame = masked(&vec![0; SIZE]);
    let socket = scene.raw_socket().await;
    let (received, ()) = tokio::join!(exchange(socket, &frame), scene.expect_served());
    let text = String::from_utf8_lossy(&received);
    assert!(text.contains("a message of 104857600 bytes"), "{text}");
    scene.expect_alone().await;
}

#[tokio::test]
async fn a_message_in_endless_parts_is_ended() {
    let mut scene = Scene::start(|limits| limits.max_frame_size = 100_000).await;
    let mut part = vec![0x00, 0x80 | 100, 0, 0, 0, 0];
    part.resize(part.len() + 100, 0);
    let mut message = part.repeat(5_000);
    message[0] = 0x02;
    let received = exchange(scene.raw_socket().await, &message).await;
    let text = String::from_utf8_lossy(&received);
    assert!(text.contains("of at most 100000"), "{text}");
    scene.expect_alone().await;
}

#[tokio::test]
async fn a_crowd_of_one_address_is_refused() {
    let mut scene = Scene::start(|limits| limits.max_connections_per_address = 100).await;
    let mut sockets = vec![];
    for _ in 0..1_000 {
        sockets.push(TcpStream::connect(scene.gateway.address).await.unwrap());
    }
    scene.expect_served().await;
    drop(sockets);
    scene.expect_alone().await;
    let metrics = scene.gateway.get("/metrics").await;
    let refused = "icws_gateway_connections_refused_total{reason=\"too_many_of_address\"} ";
    assert!(metrics.contains(refused), "{metrics}");
}

#[tokio::test]
async fn who_pings_and_never_reads_is_ended() {
    let scene = Scene::start(|limits| {
        limits.ping_interval = Duration::from_secs(1);
        limits.max_message_rate = NonZeroU32::MAX;
        limits.max_message_rate_per_address = NonZeroU32::MAX;
    })
    .await;
    let template = Client::connect(&scene.gateway, 2).await;
    let Message::Binary(open) = template.open_call(CANISTER) else {
        panic!("calls are binary");
    };
    template.close().await;
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.resize(ping.len() + 125, 0);
    let pings = ping.repeat(1000);
    let mut socket = scene.raw_socket().await;
    socket.write_all(&masked(&open)).await.unwrap();
    within(async { while socket.write_all(&pings).await.is_ok() {} }).await;
    scene.expect_closed("slow_client").await;
    drop(socket);
}

/// What waits for one client is read once there is room again, and nothing of it is lost.
#[tokio::test]
async fn a_client_waits_for_its_own_calls() {
    const SIZE: usize = 100_000;
    const CALLS: usize = 10;
    let scene = Scene::start(|limits| limits.max_pending_bytes = 2 * SIZE).await;
    scene.network.decide(false);
    let mut client = Client::open(&scene.gateway, 2).await;
    // Beside that of the honest client.
    let accepted = async |n| scene.network.accepted("ws_message").len() == n + 1;
    for n in 0..CALLS {
        let call = client.call(CANISTER, "ws_message", vec![n as u8; SIZE]);
        client.send(call).await;
    }
    until(async || accepted(1).await).await;
    let polls = scene.network.polls();
    until(async || scene.network.polls() > polls + 20).await;
    assert!(accepted(1).await);
    scene.network.decide(true);
    until(async || accepted(CALLS).await).await;
}

#[tokio::test]
async fn a_long_name_is_not_repeated() {
    let scene = Scene::start(|_| {}).await;
    let mut client = Client::connect(&scene.gateway, 2).await;
    let call = client.call(CANISTER, &"x".repeat(1_000_000), vec![]);
    client.send(call).await;
    client.expect_close(1008, "not 'xxx").await;
}

/// Its clients have gone, and it is not told so for long: that is no reason to refuse others.
#[tokio::test]
async fn a_dead_canister_keeps_no_connection() {
    let mut scene = Scene::start(|limits| {
        limits.max_connections = 3;
        limits.close_timeout = Duration::from_secs(3600);
    })
    .await;
    scene.network.answer("ws_close", Answer::Stopped);
    for nonce in 2..6 {
        let client = Client::open(&scene.gateway, nonce).await;
        let opened = nonce as usize;
        until(async || scene.network.accepted("ws_open").len() == opened).await;
        client.close().await;
        scene.expect_served().await;
        // Its place is free again.
        let url = format!("ws://{}", scene.gateway.address);
        until(async || connect_async(&url).await.is_ok()).await;
    }
}

/// Such a canister serves its own clients badly, if at all, and nobody else notices.
#[tokio::test]
async fn a_canister_that_answers_nonsense_disturbs_nobody() {
    let mut scene = Scene::start(|limits| {
        limits.poll_timeout = Duration::from_millis(500);
        limits.max_response_size = 1_000_000;
        limits.canister_timeout = Duration::from_millis(500);
    })
    .await;
    for (nonce, spoiled) in (2..).zip([
        Spoiled::Unavailable,
        Spoiled::Endless,
        Spoiled::Dripping,
        Spoiled::Garbage,
    ]) {
        let canister = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, nonce, 1, 1]);
        scene.network.spoil_polls_of(canister, spoiled);
        let mut client = Client::connect(&scene.gateway, nonce.into()).await;
        client.send_open(canister).await;
        let (_, ()) = tokio::join!(
            scene.expect_served(),
            client.expect_close(1013, "unavailable")
        );
    }
    scene.expect_alone().await;
}

/// What proves a message is for its client to judge, who gets it as it is.
#[tokio::test]
async fn a_witness_of_nothing_is_passed_on() {
    const OTHER_CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 1, 1]);
    let mut scene = Scene::start(|_| {}).await;
    let (network, gateway) = (&scene.network, &scene.gateway);
    network.spoil_polls_of(OTHER_CANISTER, Spoiled::Witness);
    let mut client = Client::connect(gateway, 2).await;
    network.queue(gateway.principal, client.key, 1, 10);
    client.send_open(OTHER_CANISTER).await;
    assert_eq!(client.next_frame().await.tree, b"nothing");
    scene.expect_alone_but(1).await;
}
