//! A gateway that does what it should not: a proxy between clients and the honest gateway.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use ic_ws_protocol::CanisterFrame;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Message};

/// What the proxy does to the canister's frames. Each connection's are counted from 0.
#[derive(Clone, Copy)]
pub enum Misdeed {
    /// Takes one, gives those to deliver.
    Alter(fn(usize, CanisterFrame) -> Vec<CanisterFrame>),
    /// Delivers this one after the next one.
    Reorder(usize),
    /// Delivers this one late, and so all that come after it.
    Delay(usize, Duration),
    /// Delivers what another connection got last instead of this one.
    Swap(usize),
}

/// A proxy that gives no receipts, as gateways may.
pub struct TamperingProxy {
    /// Where clients connect to.
    pub url: String,
    task: tokio::task::JoinHandle<()>,
}

impl TamperingProxy {
    /// Starts a proxy in front of the gateway at `gateway_url`.
    pub async fn start(gateway_url: &str, misdeed: Misdeed) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("ws://{}", listener.local_addr()?);
        let gateway_url = gateway_url.to_owned();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            let latest = Latest::default();
            while let Ok((stream, client)) = listener.accept().await {
                let hands = Hands {
                    misdeed,
                    client,
                    latest: latest.clone(),
                    count: 0,
                    held: None,
                };
                let gateway_url = gateway_url.clone();
                connections.spawn(async move {
                    // How a connection ends is for the client to judge.
                    let _ = relay(stream, &gateway_url, hands).await;
                });
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

/// The last frame of each connection.
type Latest = Arc<Mutex<HashMap<SocketAddr, CanisterFrame>>>;

/// What one connection's frames go through.
struct Hands {
    misdeed: Misdeed,
    client: SocketAddr,
    latest: Latest,
    count: usize,
    held: Option<CanisterFrame>,
}

impl Hands {
    async fn pass(&mut self, frame: CanisterFrame) -> Vec<CanisterFrame> {
        let count = self.count;
        self.count += 1;
        match self.misdeed {
            Misdeed::Alter(alter) => alter(count, frame),
            Misdeed::Reorder(at) if count == at => {
                self.held = Some(frame);
                vec![]
            }
            Misdeed::Delay(at, by) if count == at => {
                tokio::time::sleep(by).await;
                vec![frame]
            }
            Misdeed::Swap(at) => {
                let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
                latest.insert(self.client, frame.clone());
                let others = latest.iter().find(|(client, _)| **client != self.client);
                match others {
                    Some((_, others)) if count >= at => vec![others.clone()],
                    _ => vec![frame],
                }
            }
            _ => [Some(frame), self.held.take()]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

async fn relay(stream: TcpStream, gateway_url: &str, mut hands: Hands) -> Result<()> {
    let (mut to_client, mut from_client) = accept_async(stream).await?.split();
    let (mut to_gateway, mut from_gateway) = connect_async(gateway_url).await?.0.split();
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
                for frame in hands.pass(frame).await {
                    to_client.send(Message::binary(frame.encode()?)).await?;
                }
            }
        }
    }
}
