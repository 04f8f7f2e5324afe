//! The local Internet Computer: its HTTP interface, its execution, its state.
//!
//! What is measured runs as its users run it: the development build, with its state on disk, and clients on the same
//! machine. The clients' requests are made and signed beforehand.

mod node;

use std::{iter, num::NonZero, thread, time::Instant};

use anyhow::{Result, ensure};
use candid::Principal;
use tempfile::TempDir;
use xtask::layout::Layout;

use crate::{
    http::Request,
    load::Load,
    report::{Report, Row, Unit},
};
use node::Node;

const PROBE: &str = include_str!("probe.wat");
const CONNECTIONS: usize = 32;
const WASM_PAGES_PER_MIB: u32 = 16;

/// How much is measured.
struct Amounts {
    queries: usize,
    updates: usize,
    /// Of requests that wait for the one before.
    in_turn: usize,
    large_heap_mib: u32,
    /// How many times the spinning query goes round.
    rounds: u32,
    /// How many spinning queries the spinning update is as long as.
    long_update: u32,
}

const FULL: Amounts = Amounts {
    queries: 20_000,
    updates: 10_000,
    in_turn: 500,
    large_heap_mib: 500,
    rounds: 20_000_000,
    long_update: 100,
};

const QUICK: Amounts = Amounts {
    queries: 50,
    updates: 50,
    in_turn: 5,
    large_heap_mib: 2,
    rounds: 1_000_000,
    long_update: 10,
};

/// Measures everything.
pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let amounts = if quick { QUICK } else { FULL };
    let dir = state_dir()?;
    let bench = Bench {
        node: Node::start(Some(dir.path())).await?,
        module: wat::parse_str(PROBE)?,
        amounts,
    };
    bench.queries(report).await?;
    bench.updates(report).await?;
    bench.side_by_side(report).await?;
    bench.heap(report).await?;
    bench.start(report, &dir).await
}

/// On the disk where `scripts/start` keeps the state.
fn state_dir() -> Result<TempDir> {
    let layout = Layout::of_this_workspace();
    std::fs::create_dir_all(layout.local())?;
    Ok(tempfile::tempdir_in(layout.local())?)
}

struct Bench {
    node: Node,
    module: Vec<u8>,
    amounts: Amounts,
}

impl Bench {
    async fn queries(&self, report: &mut Report) -> Result<()> {
        say("queries");
        let (node, count) = (&self.node, self.amounts.queries);
        let canister = node.install(&self.module).await?;
        let status = Request::get("/api/v2/status");
        let http = Load::run(node.address, CONNECTIONS, iter::repeat_n(status, count)).await?;
        let query = node.query(canister, "read", &[])?;
        let load = Load::run(node.address, CONNECTIONS, iter::repeat_n(query, count)).await?;
        ensure_replied(&load)?;
        report.add(Row {
            key: "queries_per_second",
            what: format!("queries, {CONNECTIONS} connections"),
            unit: Unit::PerSecond,
            value: load.rate(),
            reference: ("requests for the status".into(), http.rate()),
            aim: "3000 /s",
        });
        Ok(())
    }

    async fn updates(&self, report: &mut Report) -> Result<()> {
        say("updates, with the state on disk");
        let on_disk = Updates::measure(&self.node, &self.module, &self.amounts).await?;
        say("updates, with the state in memory");
        let in_memory = Node::start(None).await?;
        let in_memory_only = Updates::measure(&in_memory, &self.module, &self.amounts).await?;
        in_memory.stop().await?;

        report.add(Row {
            key: "updates_per_second",
            what: format!("updates, {CONNECTIONS} connections"),
            unit: Unit::PerSecond,
            value: on_disk.storm.rate(),
            reference: ("state in memory only".into(), in_memory_only.storm.rate()),
            aim: "1000 /s",
        });
        for (key, percent, aim) in [
            ("update_idle_p50_ms", 50, "10 ms"),
            ("update_idle_p99_ms", 99, ""),
        ] {
            report.add(Row {
                key,
                what: format!("an update alone, p{percent}"),
                unit: Unit::Milliseconds,
                value: on_disk.idle.percentile_ms(percent),
                reference: (
                    "state in memory only".into(),
                    in_memory_only.idle.percentile_ms(percent),
                ),
                aim,
            });
        }
        for (key, percent) in [("update_loaded_p50_ms", 50), ("update_loaded_p99_ms", 99)] {
            report.add(Row {
                key,
                what: format!("an update among all those, p{percent}"),
                unit: Unit::Milliseconds,
                value: on_disk.loaded.percentile_ms(percent),
                reference: ("alone".into(), on_disk.idle.percentile_ms(percent)),
                aim: "",
            });
        }
        Ok(())
    }

    /// Queries beside queries, and beside an update that takes long.
    async fn side_by_side(&self, report: &mut Report) -> Result<()> {
        say("queries side by side, and beside a long update");
        let (node, amounts) = (&self.node, &self.amounts);
        let canister = node.install(&self.module).await?;
        let spin = node.query(canister, "spin", &amounts.rounds.to_le_bytes())?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let count = 8 * cores;
        let one_by_one = Load::run(node.address, 1, iter::repeat_n(spin.clone(), count)).await?;
        let at_once = Load::run(node.address, cores, iter::repeat_n(spin, count)).await?;
        ensure_replied(&at_once)?;
        report.add(Row {
            key: "parallel_queries_speedup",
            what: format!("long queries, {cores} at once instead of one by one"),
            unit: Unit::Times,
            value: at_once.rate() / one_by_one.rate(),
            reference: ("cores".into(), cores as f64),
            aim: "",
        });

        let query = node.query(canister, "read", &[])?;
        let in_turn = iter::repeat_n(query.clone(), amounts.in_turn);
        let alone = Load::run(node.address, 1, in_turn).await?;
        let rounds = amounts.rounds.saturating_mul(amounts.long_update);
        let long = node.update(canister, "spin_long", &rounds.to_le_bytes())?;
        let update = tokio::spawn(Load::run(node.address, 1, [long]));
        let updating = update.abort_handle();
        let meanwhile = iter::repeat(query).take_while(move |_| !updating.is_finished());
        let beside = Load::run(node.address, 1, meanwhile).await?;
        ensure_replied(&beside)?;
        update.await??;
        for (key, percent) in [
            ("query_beside_update_p50_ms", 50),
            ("query_beside_update_p99_ms", 99),
        ] {
            report.add(Row {
                key,
                what: format!("a query while a long update executes, p{percent}"),
                unit: Unit::Milliseconds,
                value: beside.percentile_ms(percent),
                reference: ("nothing else executes".into(), alone.percentile_ms(percent)),
                aim: "",
            });
        }
        Ok(())
    }

    /// What a large heap costs.
    async fn heap(&self, report: &mut Report) -> Result<()> {
        let (node, mib) = (&self.node, self.amounts.large_heap_mib);
        say(&format!("a heap of {mib} MiB"));
        let small = node.install(&self.module).await?;
        let large = node.install(&self.module).await?;
        let grow = (mib * WASM_PAGES_PER_MIB).to_le_bytes();
        node.agent
            .update(&large, "grow")
            .with_arg(grow)
            .call_and_wait()
            .await?;
        // The first update after it still has the growing to catch up with.
        node.agent
            .update(&large, "increment")
            .call_and_wait()
            .await?;
        let query_ms = async |canister| {
            let query = node.query(canister, "look_around", &[])?;
            let in_turn = iter::repeat_n(query, self.amounts.in_turn);
            let load = Load::run(node.address, 1, in_turn).await?;
            ensure_replied(&load)?;
            anyhow::Ok(load.percentile_ms(50))
        };
        let update_ms = async |canister| {
            let updates = increments(node, canister, self.amounts.in_turn)?;
            let load = Load::run(node.address, 1, updates).await?;
            anyhow::Ok(load.percentile_ms(50))
        };
        report.add(Row {
            key: "query_large_heap_ms",
            what: format!("a query, heap of {mib} MiB, p50"),
            unit: Unit::Milliseconds,
            value: query_ms(large).await?,
            reference: ("heap of 1 MiB".into(), query_ms(small).await?),
            aim: "ratio near 1",
        });
        report.add(Row {
            key: "update_large_heap_ms",
            what: format!("an update, heap of {mib} MiB, p50"),
            unit: Unit::Milliseconds,
            value: update_ms(large).await?,
            reference: ("heap of 1 MiB".into(), update_ms(small).await?),
            aim: "",
        });
        Ok(())
    }

    /// From the start of the process until it answers.
    async fn start(self, report: &mut Report, dir: &TempDir) -> Result<()> {
        say("starts");
        self.node.stop().await?;
        let seconds = async |dir: &TempDir| {
            let started = Instant::now();
            let node = Node::start(Some(dir.path())).await?;
            let seconds = started.elapsed().as_secs_f64();
            node.stop().await?;
            anyhow::Ok(seconds)
        };
        let empty = state_dir()?;
        report.add(Row {
            key: "start_large_state_s",
            what: format!("start with a state of {} MiB", self.amounts.large_heap_mib),
            unit: Unit::Seconds,
            value: seconds(dir).await?,
            reference: ("empty state".into(), seconds(&empty).await?),
            aim: "",
        });
        Ok(())
    }
}

/// Updates of one canister.
struct Updates {
    idle: Load,
    storm: Load,
    /// Somebody who calls now and then during the storm.
    loaded: Load,
}

impl Updates {
    async fn measure(node: &Node, module: &[u8], amounts: &Amounts) -> Result<Self> {
        let canister = node.install(module).await?;
        let requests = increments(node, canister, amounts.in_turn)?;
        let idle = Load::run(node.address, 1, requests).await?;

        let requests = increments(node, canister, amounts.updates)?;
        let ours = increments(node, canister, amounts.in_turn)?;
        let storm = tokio::spawn(Load::run(node.address, CONNECTIONS, requests));
        let raging = storm.abort_handle();
        let ours = ours.into_iter().take_while(move |_| !raging.is_finished());
        let loaded = Load::run(node.address, 1, ours).await?;
        let storm = storm.await??;

        let answered = [&idle, &storm, &loaded].map(Load::count);
        let counted = node.agent.query(&canister, "read").call().await?;
        ensure!(
            counted == (answered.iter().sum::<usize>() as u32).to_le_bytes(),
            "of {answered:?} updates that were answered, {counted:?} were counted"
        );
        Ok(Self {
            idle,
            storm,
            loaded,
        })
    }
}

fn increments(node: &Node, canister: Principal, count: usize) -> Result<Vec<Request>> {
    (0..count)
        .map(|_| node.update(canister, "increment", &[]))
        .collect()
}

fn ensure_replied(load: &Load) -> Result<()> {
    const REPLIED: &[u8] = b"replied";
    for response in &load.last {
        ensure!(
            response.windows(REPLIED.len()).any(|part| part == REPLIED),
            "a query was answered with {}",
            String::from_utf8_lossy(response)
        );
    }
    Ok(())
}

fn say(what: &str) {
    eprintln!("Measuring {what}…");
}
