//! A client of the example ping-pong: it sends pings, and checks that each gets its pong.

use std::{cell::Cell, collections::VecDeque, convert::Infallible, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use candid::{Decode, Encode};
use e2e::ping_pong::Message;
use tokio::{
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep_until},
};

use crate::lean::{LeanClient, PATIENCE};

/// What a client does.
#[derive(Clone, Copy)]
pub struct Plan {
    /// How many pings it sends.
    pub pings: u32,
    /// How often.
    pub period: Duration,
    /// Over what time the first pings of all clients are spread.
    pub spread: Duration,
}

/// What a client has seen.
#[derive(Default)]
pub struct Tally {
    /// From each ping to its pong.
    pub round_trips: Vec<Duration>,
    /// From the time that the canister gave each pong to its arrival.
    pub deliveries: Vec<Duration>,
    /// Of the frames that brought the pongs.
    pub bytes: u64,
    /// The part of them that the canister gave.
    pub content_bytes: u64,
}

/// One with an open connection.
pub struct Client {
    connection: LeanClient,
    /// Pings without their pongs.
    waiting: VecDeque<(u64, Instant)>,
    tally: Tally,
}

impl Client {
    pub fn new(connection: LeanClient) -> Self {
        Self {
            connection,
            waiting: VecDeque::new(),
            tally: Tally::default(),
        }
    }

    /// Takes what comes until the connection ends.
    pub async fn listen(&mut self) -> Result<Infallible> {
        loop {
            let frame = self.connection.next().await?;
            self.take(&frame).await?;
        }
    }

    /// Sends the first ping at `start`, then one each period, and waits for all pongs.
    pub async fn chat(mut self, plan: Plan, start: Instant) -> Result<Tally> {
        let mut pings = interval_at(start, plan.period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let patience = start + plan.period * plan.pings + PATIENCE;
        let mut left = plan.pings;
        while left > 0 || !self.waiting.is_empty() {
            tokio::select! {
                _ = pings.tick(), if left > 0 => {
                    left -= 1;
                    self.ping().await?;
                }
                frame = self.connection.next() => {
                    let frame = frame?;
                    self.take(&frame).await?;
                }
                () = sleep_until(patience) => {
                    bail!("{} has {} pings without pongs", self.connection.key, self.waiting.len());
                }
            }
        }
        Ok(self.tally)
    }

    /// Sends pings and never reads, until the connection ends: as many as it can while it is to `hurry`, then one each
    /// period.
    pub async fn pester(mut self, period: Duration, hurry: &Cell<bool>) -> Result<Infallible> {
        let mut pings = interval(period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if !hurry.get() {
                pings.tick().await;
            }
            self.ping().await?;
            // What its sending may keep from running.
            yield_now().await;
        }
    }

    async fn ping(&mut self) -> Result<()> {
        let number = (self.connection.key.client_nonce << 32) + self.connection.sent;
        self.waiting.push_back((number, Instant::now()));
        self.connection.send(Encode!(&Message::Ping(number))?).await
    }

    async fn take(&mut self, frame: &[u8]) -> Result<()> {
        let Some(received) = self.connection.take(frame).await? else {
            return Ok(());
        };
        let key = self.connection.key;
        let Message::Pong(pong) = Decode!(&received.content, Message)? else {
            bail!("{key} gets a ping");
        };
        let (ping, sent) = self.waiting.pop_front().context("a pong without a ping")?;
        ensure!(pong == ping, "{key} gets the pong {pong} for {ping}");
        let tally = &mut self.tally;
        tally.round_trips.push(sent.elapsed());
        tally.deliveries.push(received.delivery);
        tally.bytes += received.bytes;
        tally.content_bytes += received.content_bytes;
        Ok(())
    }
}
