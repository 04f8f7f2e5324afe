//! `scripts/bench`: builds what is measured and what measures it, and hands over to the latter.

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context, Error, Result};

use crate::{
    app::App,
    build::{self, Artifacts},
    layout::{Layout, started_in},
    test,
};

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
        build::canisters_and_page(layout, &App::main(layout))?;
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
    // Paths among the arguments are relative to where people are.
    bench.args(arguments).current_dir(started_in());
    Err(Error::new(bench.exec())).with_context(|| format!("cannot run {}", program.display()))
}
