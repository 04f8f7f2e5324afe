//! A client that costs next to nothing: the load shares the machine with what it loads.
//!
//! It checks the connection, the number and the content of every message, but the certificate of some only: verifying
//! one costs more than all the rest.

use std::{cell::Cell, collections::VecDeque, convert::Infallible, time::Duration};

use anyhow::{Context, Error, Result, bail, ensure};
use bytes::Bytes;
use candid::{Decode, Encode, Principal};
use futures::{SinkExt, StreamExt};
use ic_agent::Agent;
use ic_ws_protocol::{
    CanisterAckMessageContent, CanisterFrame, CanisterOpenMessageContent,
    CanisterWsMessageArguments, CanisterWsOpenArguments, ClientFrame,
    ClientKeepAliveMessageContent, ClientKey, HandshakeFrame, WebsocketMessage,
    WebsocketServiceMessageContent, verify_message,
};
use tokio::{
    net::TcpStream,
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::ping_pong::{Talk, unix_time_ns};

/// Of so many messages, the certificate of one is verified.
const VERIFIED_OF: u64 = 50;

/// Frames are small, and there are thousands of connections.
const BUFFER_BYTES: usize = 2048;

/// How late anything may be that is not lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client does.
#[derive(Clone, Copy)]
pub struct Plan {
    /// How many pings it sends.
    pub pings: u32,
    /// How often.
    pub period: Duration,
    /// Over what time the first pings of all clients are spread.
    pub spread: Duration,
}

/// What a client has seen.
#[derive(Default)]
pub struct Tally {
    /// From each ping to its pong.
    pub round_trips: Vec<Duration>,
    /// From the time that the canister gave each pong to its arrival.
    pub deliveries: Vec<Duration>,
    /// Of the frames that brought the pongs.
    pub bytes: u64,
    /// The part of them that the canister gave.
    pub content_bytes: u64,
}

/// One with an open connection.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    agent: Agent,
    canister: Principal,
    key: ClientKey,
    sent: u64,
    received: u64,
    /// Pings without their pongs.
    waiting: VecDeque<(u64, Instant)>,
    tally: Tally,
}

impl Client {
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
                client_principal: agent.get_principal().map_err(Error::msg)?,
                client_nonce: number,
            },
            agent,
            canister,
            sent: 0,
            received: 0,
            waiting: VecDeque::new(),
            tally: Tally::default(),
        };
        let handshake = HandshakeFrame::decode(&client.next().await?)?;
        let open = CanisterWsOpenArguments {
            client_nonce: number,
            gateway_principal: handshake.gateway_principal,
        };
        client.call("ws_open", Encode!(&open)?).await?;
        let frame = client.next().await?;
        client.take(&frame).await?;
        Ok(client)
    }

    /// Takes what comes until the connection ends.
    pub async fn listen(&mut self) -> Result<Infallible> {
        loop {
            let frame = self.next().await?;
            self.take(&frame).await?;
        }
    }

    /// Sends the first ping at `start`, then one each period, and waits for all pongs.
    pub async fn chat(mut self, plan: Plan, start: Instant) -> Result<Tally> {
        let mut pings = interval_at(start, plan.period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let patience = start + plan.period * plan.pings + PATIENCE;
        let mut left = plan.pings;
        while left > 0 || !self.waiting.is_empty() {
            tokio::select! {
                _ = pings.tick(), if left > 0 => {
                    left -= 1;
                    self.ping().await?;
                }
                frame = self.next() => {
                    let frame = frame?;
                    self.take(&frame).await?;
                }
                () = sleep_until(patience) => {
                    bail!("{} has {} pings without pongs", self.key, self.waiting.len());
                }
            }
        }
        Ok(self.tally)
    }

    /// Sends pings and never reads, until the connection ends: as many as it can while it is to `hurry`, then one each
    /// period.
    pub async fn pester(mut self, period: Duration, hurry: &Cell<bool>) -> Result<Infallible> {
        let mut pings = interval(period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if !hurry.get() {
                pings.tick().await;
            }
            self.ping().await?;
            // What its sending may keep from running.
            yield_now().await;
        }
    }

    async fn ping(&mut self) -> Result<()> {
        let number = (self.key.client_nonce << 32) + self.sent;
        self.waiting.push_back((number, Instant::now()));
        self.send(Encode!(&Talk::Ping(number))?, false).await
    }

    async fn send(&mut self, content: Vec<u8>, is_service_message: bool) -> Result<()> {
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

    async fn next(&mut self) -> Result<Bytes> {
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

    async fn take(&mut self, bytes: &[u8]) -> Result<()> {
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
            return self.take_service_message(&message.content).await;
        }
        let Talk::Pong(pong) = Decode!(&message.content, Talk)? else {
            bail!("{key} gets a ping");
        };
        let (ping, sent) = self.waiting.pop_front().context("a pong without a ping")?;
        ensure!(pong == ping, "{key} gets the pong {pong} for {ping}");
        let tally = &mut self.tally;
        tally.round_trips.push(sent.elapsed());
        let delivery = now.saturating_sub(message.timestamp);
        tally.deliveries.push(Duration::from_nanos(delivery));
        tally.bytes += bytes.len() as u64;
        tally.content_bytes += frame.content.len() as u64;
        Ok(())
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
                self.send(Encode!(&keep_alive)?, true).await
            }
            other => bail!("{} gets {other:?}", self.key),
        }
    }
}
