//! Who gets in, over what, and how much of the gateway one of them can take.

use std::{num::NonZeroU32, path::Path, sync::Arc, time::Duration};

use crate::support::{
    CANISTER, Client, Gateway, connected, fake_network::FakeNetwork, unconnected, until, within,
};
use futures::StreamExt;
use ic_ws_gateway::{Config, Limits};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer},
};
use tokio_tungstenite::{
    client_async, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::StatusCode},
};

/// The status with which a WebSocket is refused, if it is.
async fn refusal(gateway: &Gateway, headers: &[(&'static str, &str)]) -> Option<StatusCode> {
    let url = format!("ws://{}", gateway.address);
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    match within(connect_async(request)).await {
        Ok(_) => None,
        Err(Error::Http(response)) => Some(response.status()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn only_pages_of_allowed_origins_connect() {
    let gateway = unconnected(|config| {
        config.access.allowed_origins = vec!["https://example.com".parse().unwrap()];
    })
    .await;
    let origin = async |origin| refusal(&gateway, &[("origin", origin)]).await;
    assert_eq!(origin("https://example.com").await, None);
    assert_eq!(
        origin("https://evil.example").await,
        Some(StatusCode::FORBIDDEN)
    );
    assert_eq!(origin("null").await, Some(StatusCode::FORBIDDEN));
    // Programs name none.
    assert_eq!(refusal(&gateway, &[]).await, None);
    gateway
        .until_metric(
            "icws_gateway_connections_refused_total{reason=\"origin_not_allowed\"}",
            2,
        )
        .await;
}

#[tokio::test]
async fn clients_without_an_origin_may_be_refused() {
    let gateway = unconnected(|config| config.access.allow_missing_origin = false).await;
    assert_eq!(refusal(&gateway, &[]).await, Some(StatusCode::FORBIDDEN));
    assert_eq!(
        refusal(&gateway, &[("origin", "https://any.example")]).await,
        None
    );
}

#[tokio::test]
async fn only_allowed_canisters_are_served() {
    let gateway = unconnected(|config| {
        config.access.allowed_canisters = vec![candid::Principal::management_canister()];
    })
    .await;
    let client = Client::open(&gateway, 1).await;
    client.expect_close(1008, "does not serve canister").await;
}

#[tokio::test]
async fn an_address_has_only_some_of_the_connections() {
    let gateway = unconnected(|config| config.limits.max_connections_per_address = 2).await;
    let first = Client::connect(&gateway, 1).await;
    let _second = Client::connect(&gateway, 2).await;
    let mut third = TcpStream::connect(gateway.address).await.unwrap();
    let mut response = String::new();
    within(third.read_to_string(&mut response)).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 429"), "{response}");
    assert!(response.contains("from this address"), "{response}");

    first.close().await;
    until(async || refusal(&gateway, &[]).await.is_none()).await;
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let gateway = unconnected(|config| {
        config.limits.max_connections_per_address = 1;
        config.access.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut sockets = vec![];
    for address in ["192.0.2.1", "192.0.2.2"] {
        let url = format!("ws://{}", gateway.address);
        let mut request = url.into_client_request().unwrap();
        let forwarded = format!("198.51.100.7, {address}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", forwarded);
        sockets.push(within(connect_async(request)).await.unwrap());
    }
    let again = refusal(&gateway, &[("x-forwarded-for", "192.0.2.2")]).await;
    assert_eq!(again, Some(StatusCode::TOO_MANY_REQUESTS));
}

fn rate(messages: u32) -> impl FnOnce(&mut Limits) {
    move |limits| limits.max_message_rate = NonZeroU32::new(messages).unwrap()
}

/// A network, a gateway to it, and one client that has done nothing wrong.
async fn with_client(change: impl FnOnce(&mut Limits)) -> (FakeNetwork, Gateway, Client) {
    let (gateway, network) = connected(|config| change(&mut config.limits)).await;
    let client = Client::open(&gateway, 1).await;
    (network, gateway, client)
}

/// It still gets what its canister sends.
async fn expect_served(network: &FakeNetwork, gateway: &Gateway, client: &mut Client) {
    network.queue(gateway.principal, client.key, 1, 10);
    client.next_frame().await;
}

#[tokio::test]
async fn a_client_that_floods_is_closed_and_others_are_not() {
    let (network, gateway, mut honest) = with_client(rate(1)).await;
    let mut flooding = Client::open(&gateway, 2).await;
    for _ in 0..40 {
        flooding.send_message(CANISTER).await;
    }
    flooding
        .expect_close(1008, "more than 1 messages a second")
        .await;

    // Pings count, too.
    let mut flooding = Client::connect(&gateway, 3).await;
    for _ in 0..40 {
        flooding.send(Message::Ping(Default::default())).await;
    }
    flooding
        .expect_close(1008, "more than 1 messages a second")
        .await;
    expect_served(&network, &gateway, &mut honest).await;
}

#[tokio::test]
async fn all_clients_of_an_address_share_its_rate() {
    let gateway = unconnected(|config| {
        config.limits.max_message_rate_per_address = NonZeroU32::MIN;
    })
    .await;
    for nonce in 0..3 {
        let mut client = Client::connect(&gateway, nonce).await;
        client.send(Message::Ping(Default::default())).await;
        client.close().await;
    }
    let mut client = Client::connect(&gateway, 3).await;
    for _ in 0..40 {
        client.send(Message::Ping(Default::default())).await;
    }
    client.expect_close(1008, "from this address").await;
}

#[tokio::test]
async fn a_request_that_never_ends_is_ended() {
    let gateway =
        unconnected(|config| config.limits.handshake_timeout = Duration::from_millis(300)).await;
    let mut silent = TcpStream::connect(gateway.address).await.unwrap();
    // Each byte is in time, and all of them are not.
    let slow = async {
        let mut slow = TcpStream::connect(gateway.address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: gateway\r\nx-name: "
            .iter()
            .chain(std::iter::repeat_n(&b'x', 100_000));
        for byte in request {
            if slow.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("100,000 bytes were waited for");
    };
    within(slow).await;
    assert_eq!(within(silent.read(&mut [0])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let gateway = unconnected(|_| {}).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: gateway\r\nx: {}",
        "x".repeat(100_000)
    );
    stream.write_all(head.as_bytes()).await.ok();
    let mut response = vec![];
    within(stream.read_to_end(&mut response)).await.ok();
    assert!(response.is_empty() || response.starts_with(b"HTTP/1.1 431"));
    assert_eq!(gateway.get("/health").await, "ok\n");
}

#[tokio::test]
async fn what_is_for_the_operator_is_elsewhere_if_so_configured() {
    let gateway = unconnected(|config| {
        config.prometheus_endpoint = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let get = async |address, path| {
        let url = format!("http://{address}{path}");
        reqwest::get(url).await.unwrap().status().as_u16()
    };
    let operator = gateway.operator_address.unwrap();
    for path in ["/metrics", "/status"] {
        assert_eq!(get(operator, path).await, 200, "{path}");
        assert_eq!(get(gateway.address, path).await, 404, "{path}");
    }
    assert_eq!(get(operator, "/health").await, 200);
    assert_eq!(get(gateway.address, "/health").await, 200);
    assert_eq!(get(operator, "/").await, 404);
}

#[tokio::test]
async fn clients_may_connect_at_any_path() {
    let gateway = unconnected(|_| {}).await;
    let url = format!("ws://{}/chat/socket", gateway.address);
    let (mut socket, _) = within(connect_async(url)).await.unwrap();
    let frame = within(socket.next()).await.unwrap().unwrap();
    assert!(frame.is_binary());
}

#[tokio::test]
async fn what_is_no_web_socket_is_told_what_it_lacks() {
    let gateway = unconnected(|_| {}).await;
    let request = reqwest::Client::new()
        .get(format!("http://{}/", gateway.address))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "12")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = within(request.send()).await.unwrap();
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["sec-websocket-version"], "13");
}

#[tokio::test]
async fn a_gateway_is_ready_while_its_network_answers() {
    let network = FakeNetwork::start().await;
    let mut config = Config {
        ic_network_url: network.url.clone(),
        ..Config::default()
    };
    config.limits.ready_timeout = Duration::from_millis(300);
    let gateway = Gateway::start(config).await;
    let ready = async || {
        let url = format!("http://{}/ready", gateway.address);
        reqwest::get(url).await.unwrap().status().is_success()
    };
    until(ready).await;
    network.fail(usize::MAX);
    until(async || !ready().await).await;
    network.fail(0);
    until(ready).await;
}

/// A certificate for `localhost` in files of `directory`.
fn certify(directory: &Path) -> CertificateDer<'static> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(directory.join("cert.pem"), certified.cert.pem()).unwrap();
    std::fs::write(
        directory.join("key.pem"),
        certified.signing_key.serialize_pem(),
    )
    .unwrap();
    certified.cert.der().clone()
}

async fn with_tls(directory: &Path) -> Gateway {
    unconnected(|config| {
        config.tls.tls_certificate_pem_path = Some(directory.join("cert.pem"));
        config.tls.tls_certificate_key_pem_path = Some(directory.join("key.pem"));
        config.tls.tls_reload_interval = Duration::from_millis(20);
        config.prometheus_endpoint = Some("127.0.0.1:0".parse().unwrap());
    })
    .await
}

/// Whether a client that trusts only `certificate` gets the gateway's first frame.
async fn is_trusted(gateway: &Gateway, certificate: &CertificateDer<'static>) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(gateway.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let Ok(tls) = within(connecting).await else {
        return false;
    };
    let (mut socket, _) = within(client_async("wss://localhost", tls)).await.unwrap();
    matches!(within(socket.next()).await, Some(Ok(Message::Binary(_))))
}

#[tokio::test]
async fn clients_connect_over_tls_and_certificates_are_renewed() {
    let directory = TempDir::new().unwrap();
    let first = certify(directory.path());
    let gateway = with_tls(directory.path()).await;
    assert!(is_trusted(&gateway, &first).await);

    let second = certify(directory.path());
    until(async || is_trusted(&gateway, &second).await).await;
    assert!(!is_trusted(&gateway, &first).await);
}

#[tokio::test]
async fn a_gateway_whose_certificate_is_not_one_does_not_start() {
    let directory = TempDir::new().unwrap();
    certify(directory.path());
    std::fs::write(directory.path().join("cert.pem"), "garbage").unwrap();
    let gateway = with_tls(directory.path()).await;
    let error = gateway.failed().await;
    assert!(error.to_string().contains("cert.pem"), "{error}");
}
