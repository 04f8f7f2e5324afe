//! Records what the gateway sends to a client.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use candid::Encode;
use e2e::{
    canister::Canister, gateway::GatewayProcess, http::Request, load::Load, ping_pong,
    wait::within_deadline,
};
use futures::{SinkExt, StreamExt};
use ic_ws_client::{
    Config, Ed25519Signer, Signer,
    core::{NetworkTime, Session, SessionEvent},
    signer::EnvelopeContent,
};
use ic_ws_protocol::{CanisterFrame, ClientFrame, ClientKey};
use serde::Serialize;
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use xtask::{build::Artifacts, layout::Layout, process::die_with_parent};

use crate::{lean::unix_time_ns, node::Node};

/// The gateway polls after calls that go through it, and hardly ever without.
const FLAGS: [&str; 2] = ["--polling-interval=30000", "--max-polling-interval=30000"];

const CONNECTIONS: usize = 4;

/// The frames of a connection, and what a client must know to verify them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    canister: String,
    ic_url: String,
    root_key: String,
    principal: String,
    /// Text, as JavaScript's numbers are too small.
    nonce: String,
    turns: u32,
    /// Until the connection is open; hexadecimal, as are all.
    opening: Vec<String>,
    /// One for each message of the application.
    frames: Vec<String>,
}

impl Recording {
    pub fn messages(&self) -> usize {
        self.frames.len()
    }
}

/// A gateway, and the example ping-pong behind it.
pub struct Recorder<'a> {
    node: &'a Node,
    canister: Canister,
    gateway: GatewayProcess,
    turns: u32,
    // Dropped after what may write to it.
    _dir: TempDir,
}

impl<'a> Recorder<'a> {
    /// Starts the gateway for the network `node`. The recordings are to be replayed `turns` times.
    pub async fn new(node: &'a Node, turns: u32) -> Result<Self> {
        let layout = Layout::of_this_workspace();
        let module = ping_pong::module()?;
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(Artifacts::of(&layout).gateway);
        command.args(FLAGS);
        die_with_parent(&mut command);
        let url = format!("http://{}", node.address);
        let identity = dir.path().join("identity.pem");
        Ok(Self {
            node,
            canister: node.install(&module).await?,
            gateway: GatewayProcess::start_as(command, &url, &identity).await?,
            turns,
            _dir: dir,
        })
    }

    /// Records a connection on which so many polls find so many messages each.
    pub async fn record(&self, polls: usize, messages_per_poll: usize) -> Result<Recording> {
        let mut client = Client::open(self).await?;
        let opening = client.take_frames();
        let mut frames = Vec::new();
        for _ in 0..polls {
            client.receive(messages_per_poll).await?;
            frames.extend(client.take_frames());
        }
        let certificates = certificates(&frames)?;
        ensure!(
            certificates == polls,
            "{polls} polls were to find {messages_per_poll} messages each, but it took {certificates}"
        );
        let key = client.session.client_key();
        Ok(Recording {
            canister: self.canister.id.to_text(),
            ic_url: format!("http://{}", self.node.address),
            root_key: hex::encode(self.node.agent.read_root_key()),
            principal: key.client_principal.to_text(),
            nonce: key.client_nonce.to_string(),
            turns: self.turns,
            opening: opening.iter().map(hex::encode).collect(),
            frames: frames.iter().map(hex::encode).collect(),
        })
    }
}

/// How many certificates these frames come with, one after the other.
fn certificates(frames: &[Bytes]) -> Result<usize> {
    let frames = frames.iter().map(|frame| CanisterFrame::decode(frame));
    let mut certificates: Vec<_> = frames.map(|frame| Ok(frame?.cert)).collect::<Result<_>>()?;
    certificates.dedup();
    Ok(certificates.len())
}

/// One with an open connection.
struct Client<'a> {
    recorder: &'a Recorder<'a>,
    signer: Ed25519Signer,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Session,
    /// Since they were last taken.
    frames: Vec<Bytes>,
}

impl<'a> Client<'a> {
    async fn open(recorder: &'a Recorder<'a>) -> Result<Self> {
        let signer = Ed25519Signer::generate()?;
        let url = &recorder.gateway.url;
        let root_key = recorder.node.agent.read_root_key();
        let client_key = ClientKey {
            client_principal: signer.principal(),
            client_nonce: 1,
        };
        let mut client = Self {
            recorder,
            socket: connect_async(url).await?.0,
            session: Session::new(
                Config::new([url], recorder.canister.id, root_key),
                client_key,
                false,
                NetworkTime::default(),
                unix_time_ns()?,
            ),
            signer,
            frames: Vec::new(),
        };
        while !client.session.is_open() {
            client.next_frame().await?;
            if let Some(open) = client.session.poll_call(unix_time_ns()?)? {
                client.send(open).await?;
            }
        }
        Ok(client)
    }

    fn take_frames(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.frames)
    }

    /// Has the canister send so many messages, and the gateway find them in one poll: all pings but the last go around the
    /// gateway, which polls when that one is through.
    async fn receive(&mut self, messages: usize) -> Result<()> {
        let path = format!("/api/v3/canister/{}/call", self.recorder.canister.id);
        let mut around = Vec::new();
        for _ in 1..messages {
            let ping = self.ping()?;
            around.push(Request::post(&path, &self.signer.sign(ping).await?));
        }
        if !around.is_empty() {
            Load::run(self.recorder.node.address, CONNECTIONS, around).await?;
        }
        let ping = self.ping()?;
        self.send(ping).await?;
        let mut left = messages;
        while left > 0 {
            if let Some(SessionEvent::Message(_)) = self.next_frame().await? {
                left -= 1;
            }
        }
        Ok(())
    }

    fn ping(&mut self) -> Result<EnvelopeContent> {
        Ok(self
            .session
            .send(Encode!(&ping_pong::Message::Ping(1))?, unix_time_ns()?)?)
    }

    async fn send(&mut self, call: EnvelopeContent) -> Result<()> {
        let frame = ClientFrame::encode(&self.signer.sign(call).await?);
        Ok(self.socket.send(Message::Binary(frame.into())).await?)
    }

    async fn next_frame(&mut self) -> Result<Option<SessionEvent>> {
        let frame = within_deadline("a frame", self.socket.next()).await?;
        let Message::Binary(frame) = frame.context("the connection has ended")?? else {
            return Ok(None);
        };
        let event = self.session.handle_frame(&frame, unix_time_ns()?);
        self.frames.push(frame);
        match event {
            Some(SessionEvent::Closed(reason)) => bail!("the connection is closed: {reason}"),
            event => Ok(event),
        }
    }
}
