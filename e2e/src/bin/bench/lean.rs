//! A client that costs next to nothing: the load shares the machine with what it loads.
//!
//! It checks the connection and the number of every message, but the certificate of some only: verifying one costs more
//! than all the rest.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Error, Result, bail, ensure};
use bytes::Bytes;
use candid::{Decode, Encode, Principal};
use futures::{SinkExt, StreamExt};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_ws_protocol::{
    CanisterAckMessageContent, CanisterFrame, CanisterOpenMessageContent,
    CanisterWsMessageArguments, CanisterWsOpenArguments, ClientFrame,
    ClientKeepAliveMessageContent, ClientKey, HandshakeFrame, WebsocketMessage,
    WebsocketServiceMessageContent, verify_message,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::node::Node;

/// Of so many messages, the certificate of one is verified.
const VERIFIED_OF: u64 = 50;

/// Frames are small, and there are thousands of connections.
const BUFFER_BYTES: usize = 2048;

/// How late anything may be that is not lost.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One with an open connection.
pub struct LeanClient {
    socket: WebSocketStream<TcpStream>,
    agent: Agent,
    canister: Principal,
    pub key: ClientKey,
    /// How many messages it has sent.
    pub sent: u64,
    received: u64,
}

/// What the canister's application has sent.
pub struct Received {
    pub content: Vec<u8>,
    /// From the time that the canister gave it to its arrival.
    pub delivery: Duration,
    /// Of the frame that brought it.
    pub bytes: u64,
    /// The part of them that the canister gave.
    pub content_bytes: u64,
}

impl LeanClient {
    /// Opens the connection that `number` names, through the gateway at the other end of `stream`.
    pub async fn open(
        stream: TcpStream,
        agent: Agent,
        canister: Principal,
        number: u64,
    ) -> Result<Self> {
        timeout(
            PATIENCE,
            Self::open_at_last(stream, agent, canister, number),
        )
        .await
        .context("a connection does not open")?
    }

    async fn open_at_last(
        stream: TcpStream,
        agent: Agent,
        canister: Principal,
        number: u64,
    ) -> Result<Self> {
        stream.set_nodelay(true)?;
        let url = format!("ws://{}", stream.peer_addr()?);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES);
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await?;
        let mut client = Self {
            socket,
            key: ClientKey {
                client_principal: principal(&agent)?,
                client_nonce: number,
            },
            agent,
            canister,
            sent: 0,
            received: 0,
        };
        let handshake = HandshakeFrame::decode(&client.next().await?)?;
        let open = CanisterWsOpenArguments {
            client_nonce: number,
            gateway_principal: handshake.gateway_principal,
        };
        client.call("ws_open", Encode!(&open)?).await?;
        let frame = client.next().await?;
        let said = client.take(&frame).await?;
        ensure!(said.is_none(), "{} is not told that it is open", client.key);
        Ok(client)
    }

    /// Sends a message to the canister's application.
    pub async fn send(&mut self, content: Vec<u8>) -> Result<()> {
        self.send_as(content, false).await
    }

    async fn send_as(&mut self, content: Vec<u8>, is_service_message: bool) -> Result<()> {
        self.sent += 1;
        let msg = WebsocketMessage {
            client_key: self.key,
            sequence_num: self.sent,
            timestamp: unix_time_ns()?,
            is_service_message,
            content,
        };
        let arg = Encode!(&CanisterWsMessageArguments { msg }, &None::<()>)?;
        self.call("ws_message", arg).await
    }

    async fn call(&mut self, method: &str, arg: Vec<u8>) -> Result<()> {
        let call = self.agent.update(&self.canister, method).with_arg(arg);
        let frame = ClientFrame::encode(&call.sign()?.signed_update);
        Ok(self.socket.send(Message::Binary(frame.into())).await?)
    }

    /// The next frame, to be [taken](Self::take). Nothing is lost if it is not waited for to the end.
    pub async fn next(&mut self) -> Result<Bytes> {
        loop {
            match self
                .socket
                .next()
                .await
                .context("a connection has ended")??
            {
                Message::Binary(bytes) => return Ok(bytes),
                Message::Close(frame) => bail!("the gateway has closed {}: {frame:?}", self.key),
                _ => {}
            }
        }
    }

    /// What a frame brings of the application; answers it if it is about the connection itself.
    pub async fn take(&mut self, bytes: &[u8]) -> Result<Option<Received>> {
        let now = unix_time_ns()?;
        let frame = CanisterFrame::decode(bytes)?;
        let verified = (self.key.client_nonce + self.received).is_multiple_of(VERIFIED_OF);
        let message = if verified {
            verify_message(&frame, self.canister, &self.agent.read_root_key(), now)?
        } else {
            WebsocketMessage::from_cbor(&frame.content)?
        };
        let (key, number) = (message.client_key, message.sequence_num);
        ensure!(key == self.key, "{} gets a message for {key}", self.key);
        self.received += 1;
        ensure!(
            number == self.received,
            "{key} gets the message {number} instead of {}",
            self.received
        );
        if message.is_service_message {
            self.take_service_message(&message.content).await?;
            return Ok(None);
        }
        Ok(Some(Received {
            content: message.content,
            delivery: Duration::from_nanos(now.saturating_sub(message.timestamp)),
            bytes: bytes.len() as u64,
            content_bytes: frame.content.len() as u64,
        }))
    }

    async fn take_service_message(&mut self, content: &[u8]) -> Result<()> {
        use WebsocketServiceMessageContent as Service;
        match Decode!(content, Service)? {
            Service::OpenMessage(CanisterOpenMessageContent { client_key })
                if client_key == self.key =>
            {
                Ok(())
            }
            Service::AckMessage(CanisterAckMessageContent { .. }) => {
                let keep_alive = Service::KeepAliveMessage(ClientKeepAliveMessageContent {
                    last_incoming_sequence_num: self.received,
                });
                self.send_as(Encode!(&keep_alive)?, true).await
            }
            other => bail!("{} gets {other:?}", self.key),
        }
    }
}

/// Signs as the client of that number.
pub fn agent(node: &Node, number: u64) -> Agent {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    node.agent_of(BasicIdentity::from_raw_key(&key))
}

/// Who an agent signs as.
pub fn principal(agent: &Agent) -> Result<Principal> {
    agent.get_principal().map_err(Error::msg)
}

/// Nanoseconds since 1970.
pub fn unix_time_ns() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(since.as_nanos().try_into()?)
}
