//! What the gateway is compared with: a minimal relay that polls each canister at a fixed interval and passes on to every
//! client the whole witness of a poll, as the published gateway does. It is not that gateway; what it does beside that
//! is as little as possible.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Error, Result};
use candid::{Decode, Encode, Principal};
use e2e::{
    canister::Canister,
    http::{Connection, Request},
};
use futures::{SinkExt, StreamExt};
use ic_agent::{Agent, agent::EnvelopeContent, identity::BasicIdentity};
use ic_ws_protocol::{
    CanisterFrame, CanisterWsGetMessagesArguments, CanisterWsOpenArguments, ClientFrame, ClientKey,
    HandshakeFrame, decode_get_messages_reply,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

use crate::{lean::principal, node::Node};

/// A running relay. Dropping it ends it.
pub struct Relay {
    /// Where clients connect to.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    network: SocketAddr,
    agent: Agent,
    polls: AtomicU64,
    clients: Mutex<HashMap<ClientKey, mpsc::UnboundedSender<Message>>>,
}

impl Relay {
    /// Starts one, with a new identity, that polls these canisters.
    pub async fn start(node: &Node, canisters: &[Canister], every: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            network: node.address,
            agent: node.agent_of(BasicIdentity::from_raw_key(&rand::random())),
            polls: AtomicU64::new(0),
            clients: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        for canister in canisters {
            tasks.spawn(Arc::clone(&shared).poll_forever(canister.id, every));
        }
        let accepting = Arc::clone(&shared);
        tasks.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // A client that is cut off says so itself.
                sessions.spawn(Arc::clone(&accepting).serve(stream));
            }
        });
        Ok(Self {
            address,
            shared,
            _tasks: tasks,
        })
    }

    /// How often it has polled canisters.
    pub fn polls(&self) -> f64 {
        self.shared.polls.load(Ordering::Relaxed) as f64
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let (mut sink, mut stream) = accept_async(stream).await?.split();
        let handshake = HandshakeFrame {
            gateway_principal: principal(&self.agent)?,
        };
        sink.send(Message::Binary(handshake.encode()?.into()))
            .await?;
        let (outgoing, mut waiting) = mpsc::unbounded_channel();
        let write = async {
            while let Some(message) = waiting.recv().await {
                sink.send(message).await?;
            }
            anyhow::Ok(())
        };
        let read = async {
            let mut network = Connection::open(self.network).await?;
            while let Some(Message::Binary(frame)) = stream.next().await.transpose()? {
                let frame = ClientFrame::decode(&frame)?;
                let EnvelopeContent::Call {
                    sender,
                    canister_id,
                    method_name,
                    arg,
                    ..
                } = &*frame.envelope.content
                else {
                    continue;
                };
                if method_name == "ws_open" {
                    let open = Decode!(arg, CanisterWsOpenArguments)?;
                    let key = ClientKey {
                        client_principal: *sender,
                        client_nonce: open.client_nonce,
                    };
                    let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
                    clients.insert(key, outgoing.clone());
                }
                let path = format!("/api/v3/canister/{canister_id}/call");
                network
                    .send(&Request::post(&path, &frame.envelope_bytes))
                    .await?;
            }
            anyhow::Ok(())
        };
        tokio::try_join!(write, read).map(drop)
    }

    async fn poll_forever(self: Arc<Self>, canister: Principal, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = 0;
        loop {
            ticks.tick().await;
            // What a poll that failed would have given, the next one gives.
            while let Ok(true) = self.poll(canister, &mut next).await {}
        }
    }

    /// Gives back whether there is more.
    async fn poll(&self, canister: Principal, next: &mut u64) -> Result<bool> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        let arg = Encode!(&CanisterWsGetMessagesArguments { nonce: *next })?;
        let query = self.agent.query(&canister, "ws_get_messages");
        let reply = query.with_arg(arg).await?;
        let reply = decode_get_messages_reply(&reply)?.map_err(Error::msg)?;
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        for message in reply.messages {
            let number = message.key.rsplit('_').next().context("no number")?;
            *next = number.parse::<u64>()? + 1;
            let frame = CanisterFrame {
                key: message.key,
                content: message.content,
                cert: reply.cert.clone(),
                tree: reply.tree.clone(),
            };
            if let Some(client) = clients.get(&message.client_key) {
                // It fails if the client has left.
                let _ = client.send(Message::Binary(frame.encode()?.into()));
            }
        }
        Ok(!reply.is_end_of_queue)
    }
}
