//! `scripts/bench`: builds what is measured and what measures it, and hands over to the latter.

use std::{env, ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context, Error, Result};

use crate::{
    build::{self, Artifacts},
    layout::Layout,
    test,
};

/// Where the script was started, as `scripts/xtask` says; paths among the arguments are relative to it.
const STARTED_IN: &str = "STARTED_IN";

/// Runs the benchmarks with these arguments. Returns only if it cannot.
pub fn run(layout: &Layout, arguments: &[OsString]) -> Result<()> {
    build::programs(layout, &["ic-localnet", "bench"])?;
    let is_given = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if is_given("cdk") {
        build::measured_canisters(layout)?;
    }
    if is_given("client") {
        test::ensure_browser(layout)?;
        build::programs(layout, &["ic-ws-gateway"])?;
        build::ping_pong(layout)?;
        build::replay(layout)?;
    }
    if is_given("gateway") {
        build::ping_pong(layout)?;
    }
    if is_given("chat") {
        test::ensure_browser(layout)?;
        build::canisters_and_page(layout)?;
        build::filled_chat(layout)?;
    }
    if is_given("gateway") || is_given("chat") {
        match is_given("--quick") {
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
