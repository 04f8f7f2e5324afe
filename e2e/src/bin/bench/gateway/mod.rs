//! The gateway: many clients at once, one that never reads, and the published way to poll beside it.
//!
//! It runs as an operator runs it, an optimised process of its own; the network is one, too. The canisters are the
//! example ping-pong: clients send pings, and check the pongs.

mod client;
mod clients;
mod many;
mod relay;

use std::{
    cell::Cell,
    net::SocketAddr,
    ops::Range,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Result;
use e2e::{canister::Canister, load::percentile_ms, ping_pong};
use tokio::net::TcpSocket;

use crate::{
    gateway_process::{self, Gateway},
    lean::{LeanClient, agent},
    limits,
    node::Node,
    report::{Report, Row, Unit},
    say,
    turns::in_turns,
};
use client::{Client, Plan};
use clients::Clients;
use many::Many;
use relay::Relay;

/// How often the published gateway polls, unless told otherwise.
const PUBLISHED_INTERVAL: Duration = Duration::from_millis(100);

/// How many messages one poll returns.
const PAGE: u64 = 50;

/// Between the bursts of messages that one poll is to find together, and between these polls of the relay.
const BURST_PERIOD: Duration = Duration::from_secs(1);

/// How often the client sends that never reads, which has room for little.
const PESTER_PERIOD: Duration = Duration::from_millis(20);
const PESTER_BUFFER_BYTES: u32 = 4096;

/// How much is measured.
struct Amounts {
    canisters: usize,
    /// One client for each canister, while little happens. The period meets all phases of polling.
    quiet: Plan,
    /// How long nothing happens at all.
    idle: Duration,
    bursts: u32,
    /// Those that notice, or not, that one of them never reads.
    turns: usize,
    others: u64,
    beside_slow: Plan,
    /// Whether the system's buffers for the one that never reads are filled first, which takes thousands of messages.
    until_full: bool,
    /// Many at once.
    many: u64,
    of_many: Plan,
}

const fn plan(pings: u32, period_ms: u64) -> Plan {
    let period = Duration::from_millis(period_ms);
    Plan {
        pings,
        period,
        spread: period,
    }
}

const FULL: Amounts = Amounts {
    canisters: 10,
    quiet: plan(60, 331),
    idle: Duration::from_secs(20),
    bursts: 10,
    turns: 3,
    others: 200,
    beside_slow: plan(10, 1000),
    until_full: true,
    many: 5000,
    // What the network, in its development build, can do beside all else on two cores.
    of_many: plan(10, 30_000),
};

const QUICK: Amounts = Amounts {
    canisters: 4,
    quiet: plan(2, 331),
    idle: Duration::from_secs(1),
    bursts: 1,
    turns: 1,
    others: 20,
    beside_slow: plan(2, 200),
    until_full: false,
    many: 100,
    of_many: plan(2, 1000),
};

/// Measures everything.
pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let amounts = if quick { QUICK } else { FULL };
    limits::allow_connections(amounts.many)?;
    let module = ping_pong::module()?;
    let node = Node::start(None).await?;
    let mut canisters = Vec::new();
    for _ in 0..amounts.canisters {
        canisters.push(node.install(&module).await?);
    }
    let bench = Bench {
        node,
        canisters,
        program: gateway_process::program(quick),
        amounts,
        numbers: Cell::new(0),
    };
    bench.quiet(report).await?;
    bench.bursts(report).await?;
    bench.slow_client(report).await?;
    bench.many(report).await?;
    bench.node.stop().await
}

struct Bench {
    node: Node,
    canisters: Vec<Canister>,
    program: PathBuf,
    amounts: Amounts,
    /// Of the next client, as each has an identity of its own.
    numbers: Cell<u64>,
}

impl Bench {
    fn numbers(&self, clients: u64) -> Range<u64> {
        let first = self.numbers.get();
        self.numbers.set(first + clients);
        first..first + clients
    }

    async fn open(&self, gateway: SocketAddr, canisters: usize, clients: u64) -> Result<Clients> {
        let canisters = &self.canisters[..canisters];
        Clients::open(&self.node, gateway, canisters, self.numbers(clients)).await
    }

    /// Polls a second, and the latencies of deliveries, while little happens.
    async fn quiet(&self, report: &mut Report) -> Result<()> {
        say("quiet canisters, beside the published way to poll");
        let gateway = Gateway::start(&self.program, &self.node).await?;
        let polls = async || gateway.polls().await;
        let [polls, p50, p99] = self.quiet_figures(gateway.address(), polls).await?;
        let relay = Relay::start(&self.node, &self.canisters, PUBLISHED_INTERVAL).await?;
        let published_polls = async || Ok(relay.polls());
        let published = self.quiet_figures(relay.address, published_polls).await?;
        let published = published.map(|value| ("published way".to_owned(), value));
        let [published_polls, published_p50, published_p99] = published;
        report.add(Row {
            key: "quiet_polls_per_second".into(),
            what: format!("polls of {} idle canisters", self.canisters.len()),
            unit: Unit::PerSecond,
            value: polls,
            reference: published_polls,
            aim: "",
        });
        report.add(Row {
            key: "quiet_delivery_p50_ms".into(),
            what: "delivery from quiet canisters, p50".into(),
            unit: Unit::Milliseconds,
            value: p50,
            reference: published_p50,
            aim: "ratio 0.20",
        });
        report.add(Row {
            key: "quiet_delivery_p99_ms".into(),
            what: "delivery from quiet canisters, p99".into(),
            unit: Unit::Milliseconds,
            value: p99,
            reference: published_p99,
            aim: "",
        });
        Ok(())
    }

    async fn quiet_figures(
        &self,
        gateway: SocketAddr,
        polls: impl AsyncFn() -> Result<f64>,
    ) -> Result<[f64; 3]> {
        let canisters = self.canisters.len();
        let mut clients = self.open(gateway, canisters, canisters as u64).await?;
        let (before, started) = (polls().await?, Instant::now());
        clients.idle(self.amounts.idle).await?;
        let rate = (polls().await? - before) / started.elapsed().as_secs_f64();
        let tally = clients.chat(self.amounts.quiet).await?;
        let [p50, p99] = [50, 99].map(|percent| percentile_ms(&tally.deliveries, percent));
        Ok([rate, p50, p99])
    }

    /// Bytes to clients, when one poll finds many messages.
    async fn bursts(&self, report: &mut Report) -> Result<()> {
        say("bytes to clients");
        let plan = Plan {
            pings: self.amounts.bursts,
            period: BURST_PERIOD,
            spread: Duration::ZERO,
        };
        let bytes = async |gateway| {
            let tally = self.open(gateway, 1, PAGE).await?.chat(plan).await?;
            anyhow::Ok(tally.bytes as f64 / tally.round_trips.len() as f64)
        };
        let gateway = Gateway::start(&self.program, &self.node).await?;
        let relay = Relay::start(&self.node, &self.canisters[..1], BURST_PERIOD).await?;
        report.add(Row {
            key: "burst_bytes_per_message".into(),
            what: format!("to the client for a message, {PAGE} at once"),
            unit: Unit::Bytes,
            value: bytes(gateway.address()).await?,
            reference: (
                "published way, polling each second".into(),
                bytes(relay.address).await?,
            ),
            aim: "ratio 0.20",
        });
        Ok(())
    }

    /// What others notice of a client that never reads.
    async fn slow_client(&self, report: &mut Report) -> Result<()> {
        say("a client that never reads");
        let gateway = Gateway::start(&self.program, &self.node).await?;
        let others = async || {
            let clients = self.open(gateway.address(), self.canisters.len(), self.amounts.others);
            let tally = clients.await?.chat(self.amounts.beside_slow).await?;
            anyhow::Ok([percentile_ms(&tally.round_trips, 99)])
        };
        let beside_slow = async || {
            let client = self.open_slow(gateway.address()).await?;
            let hurry = Cell::new(self.amounts.until_full);
            let beside = async {
                if hurry.get() {
                    gateway.until_messages_wait().await?;
                    hurry.set(false);
                }
                others().await
            };
            tokio::select! {
                figures = beside => figures,
                Err(error) = client.pester(PESTER_PERIOD, &hurry) => {
                    Err(error.context("the client that never reads"))
                }
            }
        };
        let ([with], [without]) = in_turns(self.amounts.turns, beside_slow, others).await?;
        report.add(Row {
            key: "beside_slow_client_p99_ms".into(),
            what: format!(
                "round trip of {} beside one that never reads, p99",
                self.amounts.others
            ),
            unit: Unit::Milliseconds,
            value: with,
            reference: ("without it".into(), without),
            aim: "1.5 ×",
        });
        Ok(())
    }

    async fn open_slow(&self, gateway: SocketAddr) -> Result<Client> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(PESTER_BUFFER_BYTES)?;
        let stream = socket.connect(gateway).await?;
        let number = self.numbers(1).start;
        let agent = agent(&self.node, number);
        let connection = LeanClient::open(stream, agent, self.canisters[0].id, number);
        Ok(Client::new(connection.await?))
    }

    /// Many clients: first idle, then all of them sending and receiving.
    async fn many(&self, report: &mut Report) -> Result<()> {
        let amounts = &self.amounts;
        say(&format!("{} clients", amounts.many));
        let gateway = Gateway::start(&self.program, &self.node).await?;
        let empty = gateway.usage()?;
        let clients = self.open(gateway.address(), self.canisters.len(), amounts.many);
        let (clients, plan) = (clients.await?, amounts.of_many);
        Many::measure(&gateway, &self.node, empty, clients, amounts.idle, plan)
            .await?
            .report(report);
        Ok(())
    }
}
