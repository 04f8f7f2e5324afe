//! Peers that never get anything done, a byte at a time.

use std::time::Duration;

use crate::support::{
    CANISTER, Client, Gateway,
    scene::{Scene, masked},
    unconnected, within,
};
use ic_ws_gateway::Config;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// Writes `bytes`, and then one more after the other, until nobody takes them any more.
async fn drip(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    within(async {
        for byte in bytes.iter().chain(std::iter::repeat(&b'x')) {
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// What is read until the other side ends it, while `bytes` drip.
async fn dripped(stream: TcpStream, bytes: &[u8]) -> String {
    let (mut reader, mut writer) = stream.into_split();
    let mut received = vec![];
    tokio::select! {
        () = drip(&mut writer, bytes) => {}
        _ = within(reader.read_to_end(&mut received)) => {}
    }
    String::from_utf8_lossy(&received).into_owned()
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_ended() {
    let directory = TempDir::new().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| directory.path().join(name));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let gateway = unconnected(|config| {
        config.tls.tls_certificate_pem_path = Some(certificate);
        config.tls.tls_certificate_key_pem_path = Some(key);
        config.limits.handshake_timeout = Duration::from_millis(300);
    })
    .await;
    let connect = async || TcpStream::connect(gateway.address).await.unwrap();
    let mut silent = connect().await;
    assert_eq!(within(silent.read(&mut [0])).await.unwrap_or(0), 0);
    // A client's hello of 16 KiB.
    dripped(
        connect().await,
        b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03",
    )
    .await;
}

#[tokio::test]
async fn a_message_that_takes_too_long_is_ended() {
    let mut scene =
        Scene::start(|limits| limits.message_timeout = Duration::from_millis(300)).await;
    let frame = masked(&[0; 100_000]);
    let text = dripped(scene.raw_socket().await, &frame[..20]).await;
    assert!(text.contains("not complete within 300ms"), "{text}");

    // Pongs in between, and further parts, do not prolong it.
    let parts = [0x8a, 0x80, 0, 0, 0, 0, 0x00, 0x81, 0, 0, 0, 0, 0].repeat(10_000);
    let message = [&[0x02, 0x80, 0, 0, 0, 0], &parts[..]].concat();
    let text = dripped(scene.raw_socket().await, &message).await;
    assert!(text.contains("not complete within 300ms"), "{text}");
    scene.expect_alone().await;
}

#[tokio::test]
async fn who_says_something_is_not_silent() {
    let mut scene = Scene::start(|limits| {
        limits.ping_interval = Duration::from_secs(1);
    })
    .await;
    // Each byte is in time, and the message takes longer than a silence may.
    let mut slow = scene.raw_socket().await;
    let message = masked(&[0; 60]);
    let slow = async {
        for byte in &message {
            slow.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_millis(40)).await;
        }
        let mut received = vec![];
        within(slow.read_to_end(&mut received)).await.ok();
        String::from_utf8_lossy(&received).into_owned()
    };
    let (text, ()) = tokio::join!(slow, async {
        for _ in 0..10 {
            scene.expect_served().await;
        }
    });
    assert!(text.contains("malformed frame"), "{text}");
}

#[tokio::test]
async fn a_network_whose_headers_never_end_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config {
        ic_network_url: format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap(),
        ..Config::default()
    };
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { drip(&mut stream, b"HTTP/1.1 200 OK\r\nx: ").await });
        }
    });
    config.limits.poll_timeout = Duration::from_millis(200);
    config.limits.canister_timeout = Duration::from_millis(500);
    let gateway = Gateway::start(config).await;
    let client = Client::open(&gateway, 1).await;
    client
        .expect_close(1013, &format!("{CANISTER} is unavailable"))
        .await;
    assert_eq!(gateway.get("/health").await, "ok\n");
}
