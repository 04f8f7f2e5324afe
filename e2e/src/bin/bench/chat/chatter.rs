//! Somebody who chats through a lean client, and checks that they hear everything once and in order.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use candid::{Decode, Principal};
use chat_api::{
    Change, ChatMessage, Command, CommandId, Event, Message, MessageNumber, RoomId, Visibility,
};
use e2e::commands::{Device, introduction, looking_at, saying};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use crate::lean::{LeanClient, PATIENCE, Received, unix_time_ns};

/// With the time before it, as long as what is typed in a chat.
const SAYING: &str = "is when somebody said this to the others";

/// What everyone in a crowd does.
#[derive(Clone, Copy)]
pub struct Plan {
    /// How many messages each of them says.
    pub messages: u32,
    /// How often.
    pub period: Duration,
}

/// What somebody has heard.
#[derive(Default)]
pub struct Tally {
    /// From each message's being sent to its being heard.
    pub deliveries: Vec<Duration>,
    /// The part of that after the canister has given it.
    pub from_canister: Vec<Duration>,
}

pub struct Chatter {
    connection: LeanClient,
    device: Device,
    room: RoomId,
    /// How many messages of the room they have heard.
    heard: MessageNumber,
    /// The last command heard of each.
    last: BTreeMap<Principal, CommandId>,
    tally: Tally,
}

impl Chatter {
    /// Takes a name.
    pub async fn introduce(connection: LeanClient, name: String) -> Result<Self> {
        let mut chatter = Self {
            connection,
            device: Device::new(),
            room: RoomId::MAX,
            heard: 0,
            last: BTreeMap::new(),
            tally: Tally::default(),
        };
        chatter.request(introduction(name)).await?;
        Ok(chatter)
    }

    /// Makes a room, in which nothing was said yet.
    pub async fn found(&mut self, name: String) -> Result<RoomId> {
        let create = Command::CreateRoom {
            name,
            topic: String::new(),
            visibility: Visibility::Public,
        };
        self.enter(create).await
    }

    /// Enters a room in which nothing was said yet.
    pub async fn join(&mut self, room: RoomId) -> Result<RoomId> {
        self.enter(Command::Join { room }).await
    }

    /// Enters a room, and looks at it.
    async fn enter(&mut self, command: Command) -> Result<RoomId> {
        self.request(command).await?;
        let entered = async {
            loop {
                let frame = self.connection.next().await?;
                if let Some(Change::Entered(entered)) = self.take(&frame).await? {
                    return anyhow::Ok(entered.room);
                }
            }
        };
        let room = timeout(PATIENCE, entered).await.context("no entrance")??;
        ensure!(room.next == 0, "something was said in {} before", room.name);
        self.room = room.id;
        self.connection.send(looking_at(room.id).encode()?).await?;
        Ok(room.id)
    }

    /// Takes what comes until the connection ends.
    pub async fn listen(&mut self) -> Result<Infallible> {
        loop {
            let frame = self.connection.next().await?;
            self.take(&frame).await?;
        }
    }

    /// Says something each period, from `start` on, until everybody should have heard so many messages of all together.
    pub async fn talk(mut self, plan: Plan, start: Instant, together: u64) -> Result<Tally> {
        let mut turns = interval_at(start, plan.period);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let patience = start + plan.period * plan.messages + PATIENCE;
        let mut left = plan.messages;
        while left > 0 || self.heard < together {
            tokio::select! {
                _ = turns.tick(), if left > 0 => {
                    left -= 1;
                    let text = format!("{} {SAYING}", unix_time_ns()?);
                    self.request(saying(self.room, text)).await?;
                }
                frame = self.connection.next() => {
                    let frame = frame?;
                    self.take(&frame).await?;
                }
                () = sleep_until(patience) => {
                    bail!("{} has heard {} of {together} messages", self.connection.key, self.heard);
                }
            }
        }
        Ok(self.tally)
    }

    async fn request(&mut self, command: Command) -> Result<()> {
        let request = ChatMessage::Request(self.device.request(command));
        self.connection.send(request.encode()?).await
    }

    /// Gives the change that a frame tells of.
    async fn take(&mut self, frame: &[u8]) -> Result<Option<Change>> {
        let Some(received) = self.connection.take(frame).await? else {
            return Ok(None);
        };
        let logged = match Decode!(&received.content, ChatMessage)? {
            ChatMessage::Event(Event::Logged(logged)) => *logged,
            ChatMessage::Event(Event::Refused { reason, .. }) => bail!("refused: {reason}"),
            _ => return Ok(None),
        };
        match &logged.change {
            Change::Said { room, message, .. } => self.hear(*room, message, &received)?,
            Change::Refused { reason } => bail!("refused: {reason}"),
            _ => {}
        }
        Ok(Some(logged.change))
    }

    fn hear(&mut self, room: RoomId, message: &Message, received: &Received) -> Result<()> {
        let key = self.connection.key;
        ensure!(room == self.room, "{key} hears of the room {room}");
        let (number, next) = (message.number, self.heard);
        ensure!(number == next, "{key} hears message {number}, not {next}");
        self.heard += 1;
        let CommandId { device, number } = message.command;
        let last = self.last.insert(message.author, message.command);
        let is_next = last.is_none_or(|last| (last.device, last.number + 1) == (device, number));
        ensure!(is_next, "{key} hears {:?} after {last:?}", message.command);
        let sent = message.text.split(' ').next().context("no time")?.parse()?;
        let delivery = unix_time_ns()?.saturating_sub(sent);
        self.tally.deliveries.push(Duration::from_nanos(delivery));
        self.tally.from_canister.push(received.delivery);
        Ok(())
    }
}
