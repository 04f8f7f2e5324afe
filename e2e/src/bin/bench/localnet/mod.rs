//! The local Internet Computer: its HTTP interface, its execution, its state.
//!
//! What is measured runs as its users run it: the development build, with its state on disk, and clients on the same
//! machine. The clients' requests are made and signed beforehand.

use std::{iter, num::NonZero, thread};

use anyhow::{Result, ensure};
use e2e::{canister::Canister, http::Request, load::Load};
use tempfile::TempDir;

use crate::{
    node::{Node, state_dir},
    report::{Report, Row, Unit},
    say,
    turns::in_turns,
};

const PROBE: &str = include_str!("probe.wat");
const CONNECTIONS: usize = 32;
const WASM_PAGES_PER_MIB: u32 = 16;

/// How much is measured, in each turn.
struct Amounts {
    turns: usize,
    queries: usize,
    updates: usize,
    /// Of requests that wait for the one before.
    one_by_one: usize,
    large_heap_mib: u32,
    /// How many times the spinning query goes round.
    rounds: u32,
    /// How many spinning queries the spinning update is as long as.
    long_update: u32,
}

const FULL: Amounts = Amounts {
    turns: 5,
    queries: 4_000,
    updates: 1_500,
    one_by_one: 100,
    large_heap_mib: 500,
    rounds: 20_000_000,
    long_update: 25,
};

const QUICK: Amounts = Amounts {
    turns: 1,
    queries: 50,
    updates: 50,
    one_by_one: 5,
    large_heap_mib: 2,
    rounds: 1_000_000,
    long_update: 10,
};

/// Measures everything.
pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    // Dropped after what writes to it.
    let dir = state_dir()?;
    let bench = Bench {
        node: Node::start(Some(dir.path())).await?,
        in_memory: Node::start(None).await?,
        module: wat::parse_str(PROBE)?,
        amounts: if quick { QUICK } else { FULL },
    };
    bench.queries(report).await?;
    bench.updates(report).await?;
    bench.parallel_queries(report).await?;
    bench.query_beside_update(report).await?;
    bench.heap(report).await?;
    bench.start(report, &dir).await
}

struct Bench {
    node: Node,
    /// With its state in memory only.
    in_memory: Node,
    module: Vec<u8>,
    amounts: Amounts,
}

impl Bench {
    async fn queries(&self, report: &mut Report) -> Result<()> {
        say("queries");
        let (node, amounts) = (&self.node, &self.amounts);
        let canister = node.install(&self.module).await?;
        let query = node.query(&canister, "read", &[])?;
        let rate = async |request: &Request| {
            let requests = iter::repeat_n(request.clone(), amounts.queries);
            Load::run(node.address, CONNECTIONS, requests).await
        };
        let ([queries], [statuses]) = in_turns(
            amounts.turns,
            async || {
                let load = rate(&query).await?;
                ensure_replied(&load)?;
                Ok([load.rate()])
            },
            async || Ok([rate(&Request::status()).await?.rate()]),
        )
        .await?;
        report.add(Row {
            key: "queries_per_second".into(),
            what: format!("queries, {CONNECTIONS} connections"),
            unit: Unit::PerSecond,
            value: queries,
            reference: ("requests for the status".into(), statuses),
            aim: "3000 /s",
        });
        Ok(())
    }

    async fn updates(&self, report: &mut Report) -> Result<()> {
        say("updates, with the state on disk and in memory");
        let figures = async |node| {
            let Updates {
                idle,
                storm,
                loaded,
            } = Updates::measure(node, &self.module, &self.amounts).await?;
            Ok([
                storm.rate(),
                idle.percentile_ms(50),
                idle.percentile_ms(99),
                loaded.percentile_ms(50),
                loaded.percentile_ms(99),
            ])
        };
        let (on_disk, in_memory) = in_turns(
            self.amounts.turns,
            async || figures(&self.node).await,
            async || figures(&self.in_memory).await,
        )
        .await?;
        let [rate, p50, p99, loaded_p50, loaded_p99] = on_disk;
        report.add(Row {
            key: "updates_per_second".into(),
            what: format!("updates, {CONNECTIONS} connections"),
            unit: Unit::PerSecond,
            value: rate,
            reference: ("state in memory only".into(), in_memory[0]),
            aim: "1000 /s",
        });
        for (key, percent, value, reference, aim) in [
            ("update_idle_p50_ms", 50, p50, in_memory[1], "10 ms"),
            ("update_idle_p99_ms", 99, p99, in_memory[2], ""),
        ] {
            report.add(Row {
                key: key.into(),
                what: format!("an update alone, p{percent}"),
                unit: Unit::Milliseconds,
                value,
                reference: ("state in memory only".into(), reference),
                aim,
            });
        }
        for (key, percent, value, alone) in [
            ("update_loaded_p50_ms", 50, loaded_p50, p50),
            ("update_loaded_p99_ms", 99, loaded_p99, p99),
        ] {
            report.add(Row {
                key: key.into(),
                what: format!("an update among all those, p{percent}"),
                unit: Unit::Milliseconds,
                value,
                reference: ("alone".into(), alone),
                aim: "",
            });
        }
        Ok(())
    }

    async fn parallel_queries(&self, report: &mut Report) -> Result<()> {
        say("queries side by side");
        let (node, amounts) = (&self.node, &self.amounts);
        let canister = node.install(&self.module).await?;
        let spin = node.query(&canister, "spin", &amounts.rounds.to_le_bytes())?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let rate = async |connections| {
            let requests = iter::repeat_n(spin.clone(), 8 * cores);
            let load = Load::run(node.address, connections, requests).await?;
            ensure_replied(&load)?;
            Ok([load.rate()])
        };
        let ([at_once], [one_by_one]) = in_turns(
            amounts.turns,
            async || rate(cores).await,
            async || rate(1).await,
        )
        .await?;
        report.add(Row {
            key: "parallel_queries_speedup".into(),
            what: format!("long queries, {cores} at once instead of one by one"),
            unit: Unit::Times,
            value: at_once / one_by_one,
            reference: ("cores".into(), cores as f64),
            aim: "",
        });
        Ok(())
    }

    async fn query_beside_update(&self, report: &mut Report) -> Result<()> {
        say("queries beside a long update");
        let (node, amounts) = (&self.node, &self.amounts);
        let canister = node.install(&self.module).await?;
        let query = node.query(&canister, "read", &[])?;
        let rounds = amounts.rounds.saturating_mul(amounts.long_update);
        let figures = |load: &Load| {
            ensure_replied(load)?;
            Ok([load.percentile_ms(50), load.percentile_ms(99)])
        };
        let (beside, alone) = in_turns(
            amounts.turns,
            async || {
                let long = node.update(&canister, "spin_long", &rounds.to_le_bytes())?;
                let update = tokio::spawn(Load::run(node.address, 1, [long]));
                let updating = update.abort_handle();
                let meanwhile =
                    iter::repeat(query.clone()).take_while(move |_| !updating.is_finished());
                let load = Load::run(node.address, 1, meanwhile).await?;
                ensure_replied(&update.await??)?;
                figures(&load)
            },
            async || {
                let queries = iter::repeat_n(query.clone(), amounts.one_by_one);
                figures(&Load::run(node.address, 1, queries).await?)
            },
        )
        .await?;
        for (key, percent, figure) in [
            ("query_beside_update_p50_ms", 50, 0),
            ("query_beside_update_p99_ms", 99, 1),
        ] {
            report.add(Row {
                key: key.into(),
                what: format!("a query while a long update executes, p{percent}"),
                unit: Unit::Milliseconds,
                value: beside[figure],
                reference: ("nothing else executes".into(), alone[figure]),
                aim: "",
            });
        }
        Ok(())
    }

    /// What a large heap costs.
    async fn heap(&self, report: &mut Report) -> Result<()> {
        let (node, amounts) = (&self.node, &self.amounts);
        let mib = amounts.large_heap_mib;
        say(&format!("a heap of {mib} MiB"));
        let small = node.install(&self.module).await?;
        let large = node.install(&self.module).await?;
        let pages = mib * WASM_PAGES_PER_MIB;
        large.update_raw("grow", pages.to_le_bytes().into()).await?;
        let figures = async |canister| {
            let query = node.query(canister, "look_around", &[])?;
            let queries = iter::repeat_n(query, amounts.one_by_one);
            let queries = Load::run(node.address, 1, queries).await?;
            ensure_replied(&queries)?;
            let updates = increments(node, canister, amounts.one_by_one)?;
            let updates = Load::run(node.address, 1, updates).await?;
            ensure_replied(&updates)?;
            Ok([queries.percentile_ms(50), updates.percentile_ms(50)])
        };
        let (large, small) = in_turns(
            amounts.turns,
            async || figures(&large).await,
            async || figures(&small).await,
        )
        .await?;
        for (key, what, figure, aim) in [
            ("query_large_heap_ms", "a query", 0, "ratio near 1"),
            ("update_large_heap_ms", "an update", 1, ""),
        ] {
            report.add(Row {
                key: key.into(),
                what: format!("{what}, heap of {mib} MiB, p50"),
                unit: Unit::Milliseconds,
                value: large[figure],
                reference: ("heap of 1 MiB".into(), small[figure]),
                aim,
            });
        }
        Ok(())
    }

    /// From the start of the process until it answers. What it reads has just been written, and is still in memory.
    async fn start(self, report: &mut Report, dir: &TempDir) -> Result<()> {
        say("starts");
        self.in_memory.stop().await?;
        self.node.stop().await?;
        let seconds = async |dir: &TempDir| {
            let node = Node::start(Some(dir.path())).await?;
            let seconds = node.started_in.as_secs_f64();
            node.stop().await?;
            Ok([seconds])
        };
        let empty = state_dir()?;
        let ([large], [empty]) = in_turns(
            self.amounts.turns,
            async || seconds(dir).await,
            async || seconds(&empty).await,
        )
        .await?;
        let mib = self.amounts.large_heap_mib;
        report.add(Row {
            key: "start_large_state_s".into(),
            what: format!("start with a state of {mib} MiB, page cache warm"),
            unit: Unit::Seconds,
            value: large,
            reference: ("empty state".into(), empty),
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
        let requests = increments(node, &canister, amounts.one_by_one)?;
        let idle = Load::run(node.address, 1, requests).await?;

        let requests = increments(node, &canister, amounts.updates)?;
        let ours = increments(node, &canister, amounts.one_by_one)?;
        let storm = tokio::spawn(Load::run(node.address, CONNECTIONS, requests));
        let raging = storm.abort_handle();
        let ours = ours.into_iter().take_while(move |_| !raging.is_finished());
        let loaded = Load::run(node.address, 1, ours).await?;
        let storm = storm.await??;

        let answered = [&idle, &storm, &loaded].map(Load::count);
        let counted = node.agent.query(&canister.id, "read").call().await?;
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

fn increments(node: &Node, canister: &Canister, count: usize) -> Result<Vec<Request>> {
    (0..count)
        .map(|_| node.update(canister, "increment", &[]))
        .collect()
}

fn ensure_replied(load: &Load) -> Result<()> {
    const REPLIED: &[u8] = b"replied";
    for response in &load.last {
        ensure!(
            response.windows(REPLIED.len()).any(|part| part == REPLIED),
            "a call was answered with {}",
            String::from_utf8_lossy(response)
        );
    }
    Ok(())
}
