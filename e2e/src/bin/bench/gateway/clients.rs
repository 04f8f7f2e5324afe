//! Many clients of the example ping-pong.

use std::{net::SocketAddr, ops::Range, sync::Arc};

use anyhow::{Result, ensure};
use e2e::canister::Canister;
use tokio::{net::TcpStream, sync::Semaphore};

use super::client::{Client, Plan, Tally};
use crate::{
    crowd::Crowd,
    lean::{LeanClient, agent},
    node::Node,
};

const OPENED_AT_ONCE: usize = 64;

/// Clients with open connections.
pub type Clients = Crowd<Plan, Tally>;

impl Clients {
    /// Clients of these numbers, spread evenly over the canisters.
    pub async fn open(
        node: &Node,
        gateway: SocketAddr,
        canisters: &[Canister],
        numbers: Range<u64>,
    ) -> Result<Self> {
        let opening = Arc::new(Semaphore::new(OPENED_AT_ONCE));
        let size = u32::try_from(numbers.end - numbers.start)?;
        let places = (0..size).zip(numbers).zip(canisters.iter().cycle());
        Self::gather(places, |((place, number), canister), cue| {
            let (agent, canister) = (agent(node, number), canister.id);
            let opening = Arc::clone(&opening);
            async move {
                let permit = opening.acquire().await?;
                let stream = TcpStream::connect(gateway).await?;
                let connection = LeanClient::open(stream, agent, canister, number).await?;
                drop(permit);
                let mut client = Client::new(connection);
                let (plan, start) = cue.wait(client.listen()).await?;
                client.chat(plan, start + plan.spread * place / size).await
            }
        })
        .await
    }

    /// Lets all of them follow the plan. Fails if any message is lost, doubled, out of order or altered.
    pub async fn chat(self, plan: Plan) -> Result<Tally> {
        let mut all = Tally::default();
        for tally in self.follow(plan).await? {
            all.round_trips.extend(tally.round_trips);
            all.deliveries.extend(tally.deliveries);
            all.bytes += tally.bytes;
            all.content_bytes += tally.content_bytes;
        }
        ensure!(!all.round_trips.is_empty(), "nothing was sent");
        all.round_trips.sort_unstable();
        all.deliveries.sort_unstable();
        Ok(all)
    }
}
