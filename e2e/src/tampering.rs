//! A gateway that alters what it relays: a proxy between a client and the honest gateway.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use ic_ws_protocol::CanisterFrame;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Message};

/// What the proxy makes of the canister's frames: takes one (they are counted from 0), gives those to deliver.
pub type Alteration = fn(usize, CanisterFrame) -> Vec<CanisterFrame>;

/// A proxy for one client at a time.
pub struct TamperingProxy {
    /// Where clients connect to.
    pub url: String,
    task: tokio::task::JoinHandle<()>,
}

impl TamperingProxy {
    /// Starts a proxy in front of the gateway at `gateway_url`.
    pub async fn start(gateway_url: &str, alter: Alteration) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("ws://{}", listener.local_addr()?);
        let gateway_url = gateway_url.to_owned();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // How a connection ends is for the client to judge.
                let _ = relay(stream, &gateway_url, alter).await;
            }
        });
        Ok(Self { url, task })
    }
}

impl Drop for TamperingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(stream: TcpStream, gateway_url: &str, alter: Alteration) -> Result<()> {
    let (mut to_client, mut from_client) = accept_async(stream).await?.split();
    let (mut to_gateway, mut from_gateway) = connect_async(gateway_url).await?.0.split();
    let mut count = 0;
    loop {
        tokio::select! {
            message = from_client.next() => {
                to_gateway.send(message.context("the client is gone")??).await?;
            }
            message = from_gateway.next() => {
                let message = message.context("the gateway is gone")??;
                let Ok(frame) = CanisterFrame::decode(&message.clone().into_data()) else {
                    to_client.send(message).await?;
                    continue;
                };
                for frame in alter(count, frame) {
                    to_client.send(Message::binary(frame.encode()?)).await?;
                }
                count += 1;
            }
        }
    }
}
