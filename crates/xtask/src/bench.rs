//! `scripts/bench`: builds what is measured and what measures it, and hands over to the latter.

use std::{env, ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context, Error, Result};

use crate::{
    build::{self, Artifacts},
    layout::Layout,
};

/// Where the script was started, as `scripts/xtask` says; paths among the arguments are relative to it.
const STARTED_IN: &str = "STARTED_IN";

/// Runs the benchmarks with these arguments. Returns only if it cannot.
pub fn run(layout: &Layout, arguments: &[OsString]) -> Result<()> {
    build::programs(layout, &["ic-localnet", "bench"])?;
    if arguments.iter().any(|argument| argument == "cdk") {
        build::measured_canisters(layout)?;
    }
    if arguments.iter().any(|argument| argument == "gateway") {
        build::ping_pong(layout)?;
        match arguments.iter().any(|argument| argument == "--quick") {
            true => build::programs(layout, &["ic-ws-gateway"])?,
            false => build::optimised_gateway(layout)?,
        }
    }
    let program = Artifacts::of(layout).bench;
    let mut bench = Command::new(&program);
    bench.args(arguments);
    if let Some(folder) = env::var_os(STARTED_IN) {
        bench.current_dir(folder);
    }
    Err(Error::new(bench.exec())).with_context(|| format!("cannot run {}", program.display()))
}
