//! People in rooms, all of them talking at once.

use std::{net::SocketAddr, ops::Range, sync::Arc};

use anyhow::{Context, Result};
use candid::Principal;
use chat_api::RoomId;
use ic_agent::Agent;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
};

use super::{
    chatter::{Chatter, Plan, Tally},
    stack::Stack,
};
use crate::{
    crowd::{Crowd, Cue},
    lean::{LeanClient, agent},
};

/// How many connect, or enter their rooms, at a time.
const AT_ONCE: usize = 32;

/// People, each in one room.
pub type People = Crowd<Plan, Tally>;

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

impl People {
    /// Those of these numbers, spread evenly over so many new rooms, everyone with a connection and looking at their room.
    pub async fn enter(stack: &Stack, rooms: u64, numbers: Range<u64>) -> Result<Self> {
        let size = numbers.end - numbers.start;
        let new_rooms: Vec<_> = (0..rooms).map(|_| watch::Sender::new(None)).collect();
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let places = (0..size).zip(numbers).zip(new_rooms.iter().cycle());
        Self::gather(places, |((place, number), room), cue| {
            let newcomer = Newcomer {
                number,
                agent: agent(&stack.node, number),
                backend: stack.backend,
                gateway: stack.gateway.address(),
                room: room.clone(),
                is_founder: place < rooms,
                at_once: Arc::clone(&at_once),
            };
            async move {
                let chatter = newcomer.enter().await?;
                take_part(chatter, cue, place, size, size / rooms).await
            }
        })
        .await
    }

    /// Lets all of them follow the plan. Fails if any message is lost, doubled or out of order for anyone.
    pub async fn talk(self, plan: Plan) -> Result<Tally> {
        let mut all = Tally::default();
        for tally in self.follow(plan).await? {
            all.deliveries.extend(tally.deliveries);
            all.from_canister.extend(tally.from_canister);
        }
        all.deliveries.sort_unstable();
        all.from_canister.sort_unstable();
        Ok(all)
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
    cue: Cue<Plan>,
    place: u64,
    size: u64,
    neighbours: u64,
) -> Result<Tally> {
    let (plan, start) = cue.wait(chatter.listen()).await?;
    let offset = plan.period.mul_f64(place as f64 / size as f64);
    chatter
        .talk(plan, start + offset, neighbours * u64::from(plan.messages))
        .await
}
