//! People in rooms, all of them talking at once.

use std::{net::SocketAddr, ops::Range, sync::Arc};

use anyhow::{Context, Error, Result};
use candid::Principal;
use chat_api::RoomId;
use ic_agent::Agent;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::Instant,
};

use super::{
    chatter::{Chatter, Plan, Tally},
    stack::Stack,
};
use crate::lean::{LeanClient, agent};

/// How many connect, or enter their rooms, at a time.
const AT_ONCE: usize = 32;

type Start = Option<(Plan, Instant)>;

/// People, each in one room, with nothing to say until they have a plan.
pub struct Crowd {
    people: JoinSet<Result<Tally>>,
    start: watch::Sender<Start>,
}

/// One of them, who is not there yet.
struct Newcomer {
    number: u64,
    agent: Agent,
    backend: Principal,
    gateway: SocketAddr,
    /// The room, once somebody has made it.
    room: watch::Sender<Option<RoomId>>,
    is_founder: bool,
    at_once: Arc<Semaphore>,
}

impl Crowd {
    /// People of these numbers, spread evenly over so many new rooms, everyone with a connection and looking at their room.
    pub async fn enter(stack: &Stack, rooms: u64, numbers: Range<u64>) -> Result<Self> {
        let size = numbers.end - numbers.start;
        let new_rooms: Vec<_> = (0..rooms).map(|_| watch::Sender::new(None)).collect();
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let inside = Arc::new(Semaphore::new(0));
        let start = watch::Sender::new(None);
        let mut people = JoinSet::new();
        for ((place, number), room) in (0..size).zip(numbers).zip(new_rooms.iter().cycle()) {
            let newcomer = Newcomer {
                number,
                agent: agent(&stack.node, number),
                backend: stack.backend,
                gateway: stack.gateway.address(),
                room: room.clone(),
                is_founder: place < rooms,
                at_once: Arc::clone(&at_once),
            };
            let (inside, starts) = (Arc::clone(&inside), start.subscribe());
            people.spawn(async move {
                let chatter = newcomer.enter().await?;
                inside.add_permits(1);
                take_part(chatter, starts, place, size, size / rooms).await
            });
        }
        let mut crowd = Self { people, start };
        tokio::select! {
            all = inside.acquire_many(u32::try_from(size)?) => drop(all?),
            error = crowd.failure() => return Err(error),
        }
        Ok(crowd)
    }

    /// Lets all of them follow the plan. Fails if any message is lost, doubled or out of order for anyone.
    pub async fn talk(mut self, plan: Plan) -> Result<Tally> {
        self.start.send_replace(Some((plan, Instant::now())));
        let mut all = Tally::default();
        while let Some(tally) = self.people.join_next().await {
            let tally = tally??;
            all.deliveries.extend(tally.deliveries);
            all.from_canister.extend(tally.from_canister);
        }
        all.deliveries.sort_unstable();
        all.from_canister.sort_unstable();
        Ok(all)
    }

    /// Why somebody has gone who has no plan yet.
    async fn failure(&mut self) -> Error {
        match self.people.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => error.into(),
            Some(Ok(Ok(_))) | None => Error::msg("somebody went without a plan"),
        }
    }
}

impl Newcomer {
    async fn enter(self) -> Result<Chatter> {
        let permit = self.at_once.acquire().await?;
        let stream = TcpStream::connect(self.gateway).await?;
        let connection = LeanClient::open(stream, self.agent, self.backend, self.number).await?;
        let name = format!("Person {}", self.number);
        let mut chatter = Chatter::introduce(connection, name).await?;
        if self.is_founder {
            let room = chatter.found(format!("Room {}", self.number)).await?;
            self.room.send_replace(Some(room));
            return Ok(chatter);
        }
        drop(permit);
        let mut rooms = self.room.subscribe();
        let room = *rooms.wait_for(Option::is_some).await?;
        let _permit = self.at_once.acquire().await?;
        chatter.join(room.context("no room")?).await?;
        Ok(chatter)
    }
}

/// Takes what comes until there is a plan, and follows it then; turns of all are spread over the plan's period.
async fn take_part(
    mut chatter: Chatter,
    mut starts: watch::Receiver<Start>,
    place: u64,
    size: u64,
    neighbours: u64,
) -> Result<Tally> {
    let start = async {
        let start = starts.wait_for(Option::is_some).await;
        start.ok().and_then(|start| *start)
    };
    let (plan, start) = tokio::select! {
        start = start => start.context("no plan")?,
        Err(error) = chatter.listen() => return Err(error),
    };
    let offset = plan.period.mul_f64(place as f64 / size as f64);
    chatter
        .talk(plan, start + offset, neighbours * u64::from(plan.messages))
        .await
}
