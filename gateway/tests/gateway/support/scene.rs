//! A gateway with a client that does nothing wrong, and is to notice nothing of what others do.

use std::{net::SocketAddr, time::Duration};

use ic_ws_gateway::{Config, Limits};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};

use super::{CANISTER, Client, Gateway, connected, fake_network::FakeNetwork, until};

/// A gateway with a client that is served.
pub struct Scene {
    pub network: FakeNetwork,
    pub gateway: Gateway,
    pub honest: Client,
    delivered: u64,
}

impl Scene {
    pub async fn start(change: impl FnOnce(&mut Limits)) -> Self {
        Self::start_with(|config| change(&mut config.limits)).await
    }

    /// With clients that may say where they connect from: see [`Client::connect_from`].
    pub async fn start_behind_proxy(change: impl FnOnce(&mut Limits)) -> Self {
        Self::start_with(|config| {
            config.access.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            change(&mut config.limits);
        })
        .await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let (gateway, network) = connected(|config| {
            config.limits.close_timeout = Duration::from_millis(200);
            change(config);
        })
        .await;
        let honest = Client::open(&gateway, 1).await;
        let mut scene = Self {
            network,
            gateway,
            honest,
            delivered: 0,
        };
        scene.expect_served().await;
        // Both of its calls are over.
        let accepted = "icws_gateway_calls_decided_total{outcome=\"accepted\"}";
        scene.gateway.until_metric(accepted, 2).await;
        scene
    }

    /// The honest client sends and receives.
    pub async fn expect_served(&mut self) {
        self.honest.send_message(CANISTER).await;
        self.delivered += 1;
        let key = self.honest.key;
        self.network
            .queue(self.gateway.principal, key, self.delivered, 10);
        self.honest.next_frame().await;
    }

    /// All others have gone: none of their sessions hangs or has panicked.
    pub async fn expect_alone(&mut self) {
        self.expect_alone_but(0).await;
    }

    /// All others but so many have gone.
    pub async fn expect_alone_but(&mut self, others: u64) {
        self.expect_served().await;
        self.gateway
            .until_metric("icws_gateway_connections", 1 + others)
            .await;
    }

    pub async fn expect_closed(&self, reason: &str) {
        until(async || self.closed(reason).await == 1).await;
    }

    /// How many connections were closed for this reason.
    pub async fn closed(&self, reason: &str) -> usize {
        let name = format!("icws_gateway_connections_closed_total{{reason=\"{reason}\"}}");
        self.gateway.metric(&name).await.unwrap_or_default() as usize
    }

    /// A socket on which the client's side of the handshake is done.
    pub async fn raw_socket(&self) -> TcpStream {
        web_socket(self.gateway.address).await
    }
}

/// A socket on which the client's side of the handshake is done.
pub async fn web_socket(gateway: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Little fits in before somebody has to read.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(gateway).await.unwrap();
    let request = "GET / HTTP/1.1\r\nhost: gateway\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// A binary frame as clients send it, masked with zeros.
pub fn masked(payload: &[u8]) -> Vec<u8> {
    [&masked_header(payload.len()), payload].concat()
}

/// The header of such a frame.
pub fn masked_header(size: usize) -> Vec<u8> {
    let mut header = vec![0x82, 0x80 | 127];
    header.extend((size as u64).to_be_bytes());
    header.extend([0; 4]);
    header
}
