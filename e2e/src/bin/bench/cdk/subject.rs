//! A canister that tells what its CDK costs, called as clients and a gateway call it.

use anyhow::{Context, Result, ensure};
use candid::{Encode, Principal, utils::ArgumentEncoder};
use e2e::{canister::Canister, load::Load};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_ws_protocol::{
    CanisterWsGetMessagesArguments, CanisterWsMessageArguments, CanisterWsOpenArguments, ClientKey,
    WebsocketMessage,
};

use crate::{lean::principal, node::Node};

const CONNECTIONS: usize = 32;

/// How many clients' requests are signed at a time: they are good for some minutes only.
const SIGNED_AT_ONCE: u64 = 1000;

/// How many messages one call queues. More would take the published CDK more instructions than a call has.
const QUEUED_AT_ONCE: u32 = 500;

/// Of how many calls a figure is the mean.
const CALLS: u64 = 10;

/// Every connection's, as every client has one only.
const CLIENT_NONCE: u64 = 1;

const MIB: f64 = (1 << 20) as f64;

/// A canister with clients, all connected through one gateway: the network's agent.
pub struct Subject<'a> {
    node: &'a Node,
    canister: Canister,
    gateway: Principal,
    clients: u64,
    /// The messages in the gateway's queue: those that opened the connections, and what has been sent since.
    queued: u64,
}

/// What a canister takes up, in MiB.
#[derive(Clone, Copy)]
pub struct Memory {
    pub heap: f64,
    pub stable: f64,
}

impl<'a> Subject<'a> {
    /// A new one, without clients.
    pub async fn install(node: &'a Node, module: &[u8]) -> Result<Self> {
        Ok(Self {
            node,
            canister: node.install(module).await?,
            gateway: principal(&node.agent)?,
            clients: 0,
            queued: 0,
        })
    }

    /// Connects so many clients, at once.
    pub async fn connect(&mut self, clients: u64) -> Result<()> {
        let all = self.clients + clients;
        let arg = Encode!(&self.open_args())?;
        while self.clients < all {
            let next = all.min(self.clients + SIGNED_AT_ONCE);
            let sign = |client| Node::update_by(&self.client(client), &self.canister, "open", &arg);
            let opens: Vec<_> = (self.clients..next).map(sign).collect::<Result<_>>()?;
            Load::run(self.node.address, CONNECTIONS, opens).await?;
            self.clients = next;
        }
        self.queued += clients;
        let (connected,): (u64,) = self.canister.query("clients", ()).await?;
        ensure!(
            connected == all,
            "of {all} clients, {connected} are connected"
        );
        Ok(())
    }

    /// Queues so many messages of so many bytes for the first client.
    pub async fn queue(&mut self, messages: u32, bytes: u32) -> Result<()> {
        let mut left = messages;
        while left > 0 {
            let now = left.min(QUEUED_AT_ONCE);
            self.send_at_once(now, bytes).await?;
            left -= now;
        }
        Ok(())
    }

    /// The instructions of a `ws_open`.
    pub async fn open(&mut self) -> Result<f64> {
        let args = self.open_args();
        let mut sum = 0;
        for _ in 0..CALLS {
            let canister = Canister::at(self.canister.id, &self.client(self.clients));
            sum += instructions(&canister, "open", (&args,)).await?;
            self.clients += 1;
            self.queued += 1;
        }
        Ok(mean(sum))
    }

    /// The instructions of a `ws_message` of so many bytes: the first ones of the first client.
    pub async fn message(&self, bytes: u32) -> Result<f64> {
        let agent = self.client(0);
        let canister = Canister::at(self.canister.id, &agent);
        let client_key = ClientKey {
            client_principal: principal(&agent)?,
            client_nonce: CLIENT_NONCE,
        };
        let mut sum = 0;
        for sequence_num in 1..=CALLS {
            let msg = WebsocketMessage {
                client_key,
                sequence_num,
                timestamp: 0,
                is_service_message: false,
                content: vec![0; bytes as usize],
            };
            sum +=
                instructions(&canister, "message", (CanisterWsMessageArguments { msg },)).await?;
        }
        Ok(mean(sum))
    }

    /// The instructions of a `send` of so many bytes to the first client.
    pub async fn send(&mut self, bytes: u32) -> Result<f64> {
        let mut sum = 0;
        for _ in 0..CALLS {
            sum += self.send_at_once(1, bytes).await?;
        }
        Ok(mean(sum))
    }

    async fn send_at_once(&mut self, messages: u32, bytes: u32) -> Result<u64> {
        let args = (principal(&self.client(0))?, messages, bytes);
        self.queued += u64::from(messages);
        instructions(&self.canister, "send_to", args).await
    }

    /// The instructions of a broadcast of so many bytes to all clients, for each of them.
    pub async fn broadcast(&mut self, bytes: u32) -> Result<f64> {
        self.queued += self.clients;
        let sum = instructions(&self.canister, "send_to_all", (bytes,)).await?;
        Ok(sum as f64 / self.clients as f64)
    }

    /// The instructions of a poll that returns the last so many messages.
    pub async fn poll(&self, messages: u64) -> Result<f64> {
        let nonce = self.queued.checked_sub(messages);
        let nonce = nonce.context("too few messages are queued")?;
        let args = (CanisterWsGetMessagesArguments { nonce },);
        let (instructions, returned): (u64, u64) = self.canister.query("poll", args).await?;
        ensure!(
            returned == messages,
            "{returned} messages were returned instead of {messages}"
        );
        Ok(instructions as f64)
    }

    /// The instructions that starting takes after an upgrade.
    pub async fn upgrade(&self, module: &[u8]) -> Result<f64> {
        self.canister.upgrade(module.to_vec()).await?;
        let (instructions,): (u64,) = self.canister.query("started", ()).await?;
        Ok(instructions as f64)
    }

    /// What it takes up.
    pub async fn memory(&self) -> Result<Memory> {
        let (heap, stable): (u64, u64) = self.canister.query("memory", ()).await?;
        Ok(Memory {
            heap: heap as f64 / MIB,
            stable: stable as f64 / MIB,
        })
    }

    /// Who connects as this one of the clients.
    fn client(&self, number: u64) -> Agent {
        let mut key = [2; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        self.node.agent_of(BasicIdentity::from_raw_key(&key))
    }

    fn open_args(&self) -> CanisterWsOpenArguments {
        CanisterWsOpenArguments {
            client_nonce: CLIENT_NONCE,
            gateway_principal: self.gateway,
        }
    }
}

async fn instructions(
    canister: &Canister,
    method: &str,
    args: impl ArgumentEncoder,
) -> Result<u64> {
    Ok(canister.update::<(u64,)>(method, args).await?.0)
}

fn mean(sum: u64) -> f64 {
    sum as f64 / CALLS as f64
}
