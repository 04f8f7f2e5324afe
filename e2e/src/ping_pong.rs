//! The smallest example, and somebody who talks to it.

use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use ic_agent::identity::BasicIdentity;
use ic_ws_client::{Connection, Ed25519Signer, Event, Events, connect};
use xtask::{build::TestCanisters, layout::Layout};

pub use ping_pong_api::Message;

use crate::{artifact, canister::Canister, network::Network, wait::within_deadline};

/// A new canister that answers pings.
pub async fn deploy(network: &Network) -> Result<Canister> {
    let agent = network.agent(BasicIdentity::from_raw_key(&rand::random()));
    Canister::create(&agent.await?, module()?, ()).await
}

/// The canister's module.
pub fn module() -> Result<Vec<u8>> {
    artifact::read(&TestCanisters::of(&Layout::of_this_workspace()).ping_pong)
}

/// Somebody new, connected through the network's gateway.
pub struct Pinger {
    connection: Connection<Message>,
    events: Events<Message>,
    /// Pings so far.
    pings: u64,
}

impl Pinger {
    /// Connects to `canister`.
    pub fn connect(network: &Network, canister: &Canister) -> Result<Self> {
        let config = network.client_config(&network.gateway_url, canister.id);
        let (connection, events) = connect(config, Ed25519Signer::generate()?);
        Ok(Self {
            connection,
            events,
            pings: 0,
        })
    }

    /// Sends so many pings, and waits until each is answered, in this order.
    pub async fn ping(&mut self, pings: u64) -> Result<()> {
        let expected = self.pings..self.pings + pings;
        for number in expected.clone() {
            self.connection.send(&Message::Ping(number))?;
        }
        self.pings = expected.end;
        let pongs = async {
            for number in expected {
                let pong = self.message().await?;
                ensure!(
                    pong == Message::Pong(number),
                    "{pong:?} instead of {number}"
                );
            }
            Ok(())
        };
        within_deadline("the pongs", pongs).await?
    }

    async fn message(&mut self) -> Result<Message> {
        loop {
            match self.events.next().await.context("the events ended")? {
                Event::Message(message) => return Ok(message),
                Event::Closed(reason) => bail!("closed: {reason}"),
                _ => {}
            }
        }
    }
}
