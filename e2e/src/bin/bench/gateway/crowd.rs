//! Many clients at once.

use std::{net::SocketAddr, ops::Range, sync::Arc, time::Duration};

use anyhow::{Context, Error, Result, bail};
use e2e::canister::Canister;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::client::{Client, Plan, Tally};
use crate::{
    lean::{LeanClient, agent},
    node::Node,
};

const OPENED_AT_ONCE: usize = 64;

/// Clients with open connections, and nothing to say until they have a plan.
pub struct Crowd {
    clients: JoinSet<Result<Tally>>,
    plan: watch::Sender<Option<(Plan, Instant)>>,
}

impl Crowd {
    /// Clients of these numbers, spread evenly over the canisters.
    pub async fn open(
        node: &Node,
        gateway: SocketAddr,
        canisters: &[Canister],
        numbers: Range<u64>,
    ) -> Result<Self> {
        let (plan, plans) = watch::channel(None);
        let opening = Arc::new(Semaphore::new(OPENED_AT_ONCE));
        let opened = Arc::new(Semaphore::new(0));
        let size = u32::try_from(numbers.end - numbers.start)?;
        let mut clients = JoinSet::new();
        for (number, canister) in numbers.clone().zip(canisters.iter().cycle()) {
            let agent = agent(node, number);
            let canister = canister.id;
            let (opening, opened) = (Arc::clone(&opening), Arc::clone(&opened));
            let mut plans = plans.clone();
            let place = u32::try_from(number - numbers.start)?;
            clients.spawn(async move {
                let permit = opening.acquire().await?;
                let stream = TcpStream::connect(gateway).await?;
                let connection = LeanClient::open(stream, agent, canister, number).await?;
                let mut client = Client::new(connection);
                drop(permit);
                opened.add_permits(1);
                let plan = async {
                    let plan = plans.wait_for(Option::is_some).await;
                    plan.ok().and_then(|plan| *plan)
                };
                let (plan, start) = tokio::select! {
                    plan = plan => plan.context("no plan")?,
                    Err(error) = client.listen() => return Err(error),
                };
                client.chat(plan, start + plan.spread * place / size).await
            });
        }
        let mut crowd = Self { clients, plan };
        tokio::select! {
            all = opened.acquire_many(size) => drop(all?),
            error = crowd.failure() => return Err(error),
        }
        Ok(crowd)
    }

    /// How many they are.
    pub fn size(&self) -> usize {
        self.clients.len()
    }

    /// Lets them be for a while.
    pub async fn idle(&mut self, time: Duration) -> Result<()> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            error = self.failure() => Err(error),
        }
    }

    /// Lets all of them follow the plan. Fails if any message is lost, doubled, out of order or altered.
    pub async fn chat(mut self, plan: Plan) -> Result<Tally> {
        self.plan.send_replace(Some((plan, Instant::now())));
        let mut all = Tally::default();
        while let Some(client) = self.clients.join_next().await {
            let tally = client??;
            all.round_trips.extend(tally.round_trips);
            all.deliveries.extend(tally.deliveries);
            all.bytes += tally.bytes;
            all.content_bytes += tally.content_bytes;
        }
        if all.round_trips.is_empty() {
            bail!("nothing was sent");
        }
        all.round_trips.sort_unstable();
        all.deliveries.sort_unstable();
        Ok(all)
    }

    /// Why a client has ended that has no plan yet.
    async fn failure(&mut self) -> Error {
        match self.clients.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => error.into(),
            Some(Ok(Ok(_))) | None => Error::msg("a client ended without a plan"),
        }
    }
}
