//! Signed envelopes that somebody else has seen, and sends again.

use anyhow::{Context, Result, bail};
use candid::{Decode, Encode, Principal};
use e2e::{
    canister::Canister,
    network::Network,
    ping_pong::{self, Message},
    wait::within_deadline,
};
use futures::{SinkExt, StreamExt};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_ws_protocol::{
    CanisterFrame, CanisterWsMessageArguments, CanisterWsOpenArguments, ClientFrame, ClientKey,
    WebsocketMessage,
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message as Frame,
};

/// A connection to the gateway on which anything can be sent.
struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    /// Connects, and lets the gateway introduce itself.
    async fn connect(network: &Network) -> Result<Self> {
        let mut wire = Self(connect_async(&network.gateway_url).await?.0);
        wire.next().await?;
        Ok(wire)
    }

    async fn send(&mut self, envelope: &[u8]) -> Result<()> {
        Ok(self
            .0
            .send(Frame::binary(ClientFrame::encode(envelope)))
            .await?)
    }

    async fn next(&mut self) -> Result<Frame> {
        loop {
            let frame = within_deadline("a frame", self.0.next()).await?;
            match frame.context("the connection ended")?? {
                Frame::Ping(_) | Frame::Pong(_) => {}
                frame => return Ok(frame),
            }
        }
    }

    /// The canister's next message.
    async fn message(&mut self) -> Result<WebsocketMessage> {
        let frame = CanisterFrame::decode(&self.next().await?.into_data())?;
        Ok(WebsocketMessage::from_cbor(&frame.content)?)
    }

    /// How the gateway ends it.
    async fn close(&mut self) -> Result<(u16, String)> {
        match self.next().await? {
            Frame::Close(Some(frame)) => Ok((frame.code.into(), frame.reason.to_string())),
            other => bail!("not closed, but {other:?}"),
        }
    }
}

/// Somebody who signs.
struct Author<'a> {
    agent: Agent,
    key: ClientKey,
    canister: &'a Canister,
}

impl<'a> Author<'a> {
    async fn new(network: &Network, canister: &'a Canister) -> Result<Self> {
        let identity = BasicIdentity::from_raw_key(&rand::random());
        let agent = network.agent(identity).await?;
        let client_principal = agent.get_principal().map_err(anyhow::Error::msg)?;
        let key = ClientKey {
            client_principal,
            client_nonce: rand::random(),
        };
        Ok(Self {
            agent,
            key,
            canister,
        })
    }

    fn open(&self, gateway_principal: Principal) -> Result<Vec<u8>> {
        let client_nonce = self.key.client_nonce;
        let arg = Encode!(&CanisterWsOpenArguments {
            client_nonce,
            gateway_principal,
        })?;
        self.sign("ws_open", arg)
    }

    /// The ping of that number, which is the message's own, too.
    fn ping(&self, number: u64) -> Result<Vec<u8>> {
        let msg = WebsocketMessage {
            client_key: self.key,
            sequence_num: number,
            timestamp: 0,
            is_service_message: false,
            content: Encode!(&Message::Ping(number))?,
        };
        let arg = Encode!(&CanisterWsMessageArguments { msg }, &None::<()>)?;
        self.sign("ws_message", arg)
    }

    fn sign(&self, method: &str, arg: Vec<u8>) -> Result<Vec<u8>> {
        let call = self.agent.update(&self.canister.id, method).with_arg(arg);
        Ok(call.sign()?.signed_update)
    }
}

/// The connection's message of that number, which answers the ping before it.
async fn expect_pong(wire: &mut Wire, sequence_num: u64) -> Result<()> {
    let message = wire.message().await?;
    assert_eq!(message.sequence_num, sequence_num);
    let pong = Decode!(&message.content, Message)?;
    assert_eq!(pong, Message::Pong(sequence_num - 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_them_again_gains_nothing_and_disturbs_nobody() -> Result<()> {
    let network = Network::shared().await?;
    let gateway = network.gateway_principal;
    let canister = ping_pong::deploy(&network).await?;
    let author = Author::new(&network, &canister).await?;
    let open = author.open(gateway)?;
    let first = author.ping(1)?;
    let mut honest = Wire::connect(&network).await?;
    honest.send(&open).await?;
    assert_eq!(honest.message().await?.sequence_num, 1);
    honest.send(&first).await?;
    expect_pong(&mut honest, 2).await?;

    let mut thief = Wire::connect(&network).await?;
    thief.send(&open).await?;
    let (code, text) = thief.close().await?;
    assert_eq!(code, 1008, "{text}");
    assert!(text.contains("already connected"), "{text}");

    // On a connection of their own. The network executes each call once, and tells that to whoever asks.
    let other = Author::new(&network, &canister).await?;
    let mut thief = Wire::connect(&network).await?;
    thief.send(&other.open(gateway)?).await?;
    assert_eq!(thief.message().await?.sequence_num, 1);
    thief.send(&first).await?;
    thief.send(&other.ping(1)?).await?;
    expect_pong(&mut thief, 2).await?;
    honest.send(&author.ping(2)?).await?;
    expect_pong(&mut honest, 3).await?;
    // One that the thief sends first counts once, as its author's.
    let third = author.ping(3)?;
    thief.send(&third).await?;
    expect_pong(&mut honest, 4).await?;
    honest.send(&third).await?;
    honest.send(&author.ping(4)?).await?;
    expect_pong(&mut honest, 5).await
}
