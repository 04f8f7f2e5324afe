//! Gateways behind TLS.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use ic_ws_client::{CloseFrame, CloseReason, Config, Ed25519Signer, Event, connect};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_async,
    tungstenite::{Message, protocol},
};

use crate::model::config;

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
