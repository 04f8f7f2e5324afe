//! `scripts/bench NAME`: measures a part of the stack, and prints every figure beside what to compare it with.
//!
//! One module for each name. What they share is beside them.

mod cdk;
mod chat;
mod client;
mod crowd;
mod gateway;
mod gateway_process;
mod instructions;
mod lean;
mod limits;
mod localnet;
mod node;
mod report;
mod turns;
mod usage;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use report::Report;

/// Measures a part of the stack.
#[derive(Parser)]
#[command(name = "bench", bin_name = "scripts/bench")]
struct Options {
    /// What to measure.
    name: Name,
    /// Writes the figures there too, as one JSON object of numbers.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measures next to nothing, to see that everything works.
    #[arg(long, hide = true)]
    quick: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// The local Internet Computer.
    Localnet,
    /// The canister library, beside the published one.
    Cdk,
    /// The client, beside the published one, in a browser.
    Client,
    /// The gateway.
    Gateway,
    /// The chat, from one screen to another and among a thousand people.
    Chat,
}

// One thread: the load shares the machine with what it loads.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run_until_signal(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever ends it, what it has started ends too, and its temporary files go.
async fn run_until_signal(options: Options) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = run(options) => outcome,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    }
}

/// What is being measured, for those who wait.
fn say(what: &str) {
    eprintln!("Measuring {what}…");
}

async fn run(options: Options) -> Result<()> {
    let mut report = Report::default();
    match options.name {
        Name::Localnet => localnet::measure(options.quick, &mut report).await?,
        Name::Cdk => cdk::measure(options.quick, &mut report).await?,
        Name::Client => client::measure(options.quick, &mut report).await?,
        Name::Gateway => gateway::measure(options.quick, &mut report).await?,
        Name::Chat => chat::measure(options.quick, &mut report).await?,
    }
    print!("{report}");
    if let Some(path) = options.json {
        std::fs::write(&path, report.json()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
