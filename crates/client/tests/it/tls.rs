//! Gateways behind TLS.

use std::{env, process::Command, sync::Arc};

use futures::{SinkExt, StreamExt};
use ic_ws_client::{Agent, CloseFrame, CloseReason, Config, Ed25519Signer, Event, connect};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_async,
    tungstenite::{Message, protocol},
};

use crate::model::{Network, canister_id, config};

/// Starts a gateway that closes each connection with a word, and gives back its URL and certificate.
async fn gateway() -> (String, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust the certificate goes away.
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let Ok(mut socket) = accept_async(stream).await else {
                continue;
            };
            let frame = protocol::CloseFrame {
                code: 4002.into(),
                reason: "through TLS".into(),
            };
            let _ = socket.send(Message::Close(Some(frame))).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    (url, certificate.to_vec())
}

async fn close_reason(config: Config) -> CloseReason {
    let (_connection, mut events) =
        connect::<String, _>(config, Ed25519Signer::generate().unwrap());
    match events.next().await {
        Some(Event::Closed(reason)) => reason,
        other => panic!("not closed, but {other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_counts_if_the_configuration_says_so() {
    let (url, certificate) = gateway().await;
    let trusting = Config {
        gateways: vec![url.clone()],
        root_certificates: vec![certificate],
        ..config()
    };
    let through_tls = CloseFrame::new(4002, "through TLS");
    assert_eq!(
        close_reason(trusting).await,
        CloseReason::ClosedByGateway(through_tls)
    );

    let strict = Config {
        gateways: vec![url],
        ..config()
    };
    let reason = close_reason(strict).await.to_string();
    assert!(reason.contains("certificate"), "{reason}");

    let mistaken = Config {
        gateways: vec!["wss://localhost".into()],
        root_certificates: vec![b"no certificate".to_vec()],
        ..config()
    };
    let reason = close_reason(mistaken).await.to_string();
    assert!(reason.contains("root certificate"), "{reason}");
}

/// In a process of its own, as the environment says where the system keeps its authorities.
#[test]
fn a_system_without_authorities_is_said_where_one_is_needed() {
    const NOWHERE: &str = "/nowhere";
    if env::var_os("SSL_CERT_FILE").is_some_and(|file| file == NOWHERE) {
        return Runtime::new().unwrap().block_on(without_authorities());
    }
    let name = "tls::a_system_without_authorities_is_said_where_one_is_needed";
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name])
        .env("SSL_CERT_FILE", NOWHERE)
        .env("SSL_CERT_DIR", NOWHERE)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

async fn without_authorities() {
    let (url, certificate) = gateway().await;
    let untrusting = Config {
        gateways: vec![url.clone()],
        ..config()
    };
    let reason = close_reason(untrusting).await.to_string();
    assert!(reason.contains("no certificate authority"), "{reason}");

    // The configuration has one.
    let trusting = Config {
        gateways: vec![url],
        root_certificates: vec![certificate],
        ..config()
    };
    let through_tls = CloseFrame::new(4002, "through TLS");
    assert_eq!(
        close_reason(trusting).await,
        CloseReason::ClosedByGateway(through_tls)
    );

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    for (scheme, why) in [
        ("https", "No CA certificates were loaded"),
        // Without TLS there is no need for any.
        ("http", "refused"),
    ] {
        let url = format!("{scheme}://{address}");
        let signer = Ed25519Signer::generate().unwrap();
        let agent = Agent::new(url, Network::new(1).root_key(), signer);
        let error = agent.query(canister_id(), "ask", vec![]).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains(why), "{error}");
    }
}
