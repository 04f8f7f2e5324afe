//! What a client may do on its socket, and how each thing that it may not ends.

use std::{net::SocketAddr, time::Duration};

use crate::support::{
    CANISTER, Client, Gateway, fake_network::FakeNetwork, frame, scene::Scene, unconnected, until,
};
use candid::Principal;
use ic_transport_types::EnvelopeContent;
use ic_ws_gateway::Config;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message},
};

const OTHER_CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 1, 1]);
const THIRD_CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 3, 1, 1]);

async fn config() -> (Config, FakeNetwork) {
    let network = FakeNetwork::start().await;
    let config = Config {
        ic_network_url: network.url.clone(),
        ..Config::default()
    };
    (config, network)
}

#[tokio::test]
async fn the_gateway_introduces_itself() {
    let gateway = unconnected(|_| {}).await;
    let client = Client::connect(&gateway, 1).await;
    assert_eq!(client.gateway, gateway.principal);
}

#[tokio::test]
async fn what_is_no_frame_of_the_protocol_is_refused() {
    let gateway = unconnected(|_| {}).await;

    let mut client = Client::connect(&gateway, 1).await;
    client.send(Message::text("hello")).await;
    client.expect_close(1003, "binary").await;

    let mut client = Client::connect(&gateway, 1).await;
    client.send(Message::binary(b"garbage".to_vec())).await;
    client.expect_close(1007, "malformed frame").await;

    gateway
        .until_metric(
            "icws_gateway_connections_closed_total{reason=\"text_frame\"}",
            1,
        )
        .await;
    gateway
        .until_metric(
            "icws_gateway_connections_closed_total{reason=\"malformed_frame\"}",
            1,
        )
        .await;
    gateway.until_metric("icws_gateway_connections", 0).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_by_its_header() {
    let gateway = unconnected(|config| config.limits.max_frame_size = 10_000).await;
    let mut client = Client::connect(&gateway, 1).await;
    client.send(Message::binary(vec![0; 5_000_000])).await;
    client.expect_close(1009, "5000000 bytes").await;
}

#[tokio::test]
async fn ws_open_comes_first() {
    let gateway = unconnected(|_| {}).await;

    let mut client = Client::connect(&gateway, 1).await;
    client.send_message(CANISTER).await;
    client.expect_close(1008, "must be ws_open").await;

    let mut client = Client::connect(&gateway, 1).await;
    let query = frame(EnvelopeContent::Query {
        ingress_expiry: 1,
        sender: client.key.client_principal,
        canister_id: CANISTER,
        method_name: "ws_open".to_owned(),
        arg: vec![],
        nonce: None,
        sender_info: None,
    });
    client.send(query).await;
    client.expect_close(1008, "only calls").await;

    let mut client = Client::connect(&gateway, 1).await;
    client.gateway = OTHER_CANISTER;
    client.send_open(CANISTER).await;
    client.expect_close(1008, "names the gateway").await;
}

#[tokio::test]
async fn ws_open_comes_soon() {
    let gateway =
        unconnected(|config| config.limits.handshake_timeout = Duration::from_millis(50)).await;
    let client = Client::connect(&gateway, 1).await;
    client.expect_close(1008, "no ws_open within").await;
}

#[tokio::test]
async fn a_connection_is_to_one_canister() {
    let (config, network) = config().await;
    let gateway = Gateway::start(config).await;

    let mut client = Client::open(&gateway, 1).await;
    client.send_message(OTHER_CANISTER).await;
    client
        .expect_close(1008, "the connection is to canister")
        .await;

    let mut client = Client::open(&gateway, 2).await;
    client.send_open(CANISTER).await;
    client.expect_close(1008, "only ws_message").await;

    // What was relayed before the mistake counts: the canister is told of the end.
    until(async || network.accepted("ws_close").len() == 2).await;
    assert!(network.accepted("ws_message").is_empty());
}

#[tokio::test]
async fn a_client_key_is_connected_once() {
    let (config, _network) = config().await;
    let gateway = Gateway::start(config).await;
    let _first = Client::open(&gateway, 1).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 1)
        .await;
    let second = Client::open(&gateway, 1).await;
    second.expect_close(1008, "already connected").await;
}

#[tokio::test]
async fn a_silent_client_is_noticed() {
    let gateway =
        unconnected(|config| config.limits.ping_interval = Duration::from_millis(50)).await;
    // It does not read, and so does not answer pings.
    let client = Client::connect(&gateway, 1).await;
    gateway
        .until_metric(
            "icws_gateway_connections_closed_total{reason=\"unresponsive\"}",
            1,
        )
        .await;
    client.expect_close(1001, "nothing was heard").await;
}

#[tokio::test]
async fn connections_are_limited() {
    let gateway = unconnected(|config| config.limits.max_connections = 1).await;
    let url = format!("ws://{}", gateway.address);
    let first = Client::connect(&gateway, 1).await;
    match connect_async(&url).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("not refused: {other:?}"),
    }
    // That is no reason to restart it.
    assert_eq!(gateway.get("/health").await, "ok\n");

    // The place is free again once the first has gone.
    first.close().await;
    until(async || connect_async(&url).await.is_ok()).await;
}

/// Nobody can keep it from refusing more, nor from answering its supervisor, who has a door of its own.
#[tokio::test]
async fn connections_that_ask_for_nothing_are_limited() {
    let gateway = unconnected(|config| {
        config.limits.max_connections = 1;
        config.prometheus_endpoint = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let mut silent = vec![];
    let response = loop {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let mut response = String::new();
        let refused = stream.read_to_string(&mut response);
        if timeout(Duration::from_millis(100), refused).await.is_ok() {
            break response;
        }
        silent.push(stream);
        assert!(silent.len() < 1_000);
    };
    assert!(response.starts_with("HTTP/1.1 503"), "{response}");
    let is_well = async |address: SocketAddr| {
        let health = reqwest::get(format!("http://{address}/health")).await;
        health.is_ok_and(|response| response.status() == 200)
    };
    assert!(is_well(gateway.operator_address.unwrap()).await);
    drop(silent);
    until(async || is_well(gateway.address).await).await;
}

#[tokio::test]
async fn canisters_are_limited() {
    let (mut config, _network) = config().await;
    config.limits.max_canisters = 1;
    let gateway = Gateway::start(config).await;
    let _first = Client::open(&gateway, 1).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 1)
        .await;
    let mut second = Client::connect(&gateway, 2).await;
    second.send_open(OTHER_CANISTER).await;
    second.expect_close(1013, "canisters already").await;
}

#[tokio::test]
async fn canisters_of_an_address_are_limited() {
    let mut scene = Scene::start_behind_proxy(|limits| limits.max_canisters_per_address = 1).await;
    let open = async |address: &str, nonce, canister| {
        let mut client = Client::connect_from(address, &scene.gateway, nonce).await;
        client.send_open(canister).await;
        client
    };
    // The canister of the honest client is polled because of that.
    let first = open("192.0.2.1", 2, CANISTER).await;
    let second = open("192.0.2.1", 3, OTHER_CANISTER).await;
    let canisters = "icws_gateway_canisters";
    scene.gateway.until_metric(canisters, 2).await;
    let third = open("192.0.2.1", 4, THIRD_CANISTER).await;
    third.expect_close(1013, "for this address already").await;
    let elsewhere = open("192.0.2.2", 5, THIRD_CANISTER).await;
    scene.gateway.until_metric(canisters, 3).await;

    // The place is free again once nobody is at its canister.
    second.close().await;
    elsewhere.close().await;
    scene.gateway.until_metric(canisters, 1).await;
    let third = open("192.0.2.1", 6, THIRD_CANISTER).await;
    scene.gateway.until_metric(canisters, 2).await;
    drop((first, third));
    scene.expect_served().await;
}

#[tokio::test]
async fn the_pages_tell_how_it_is() {
    let (config, _network) = config().await;
    let gateway = Gateway::start(config).await;
    let _client = Client::open(&gateway, 1).await;
    gateway.until_metric("icws_gateway_connections", 1).await;
    assert_eq!(gateway.get("/health").await, "ok\n");
    until(async || {
        let page = gateway.get("/status").await;
        assert!(page.contains(&gateway.principal.to_text()));
        page.contains(&format!(
            "<code>{CANISTER}</code></td><td class=\"number\">1</td>"
        ))
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_gateway_is_announced() {
    let (config, network) = config().await;
    let gateway = Gateway::start(config).await;
    let opened = Client::open(&gateway, 1).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 1)
        .await;
    let waiting = Client::connect(&gateway, 2).await;
    tokio::join!(
        opened.expect_close(1012, "restarts"),
        waiting.expect_close(1012, "restarts"),
        gateway.stop(),
    );
    assert_eq!(network.accepted("ws_close").len(), 1);
}
