//! The benchmarks run, and write what they are asked to. What they measure is not for tests to judge.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use e2e::wait::within_deadline;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};
use xtask::process::terminate;

/// The benchmark of the local network, with its temporary files in `local`.
fn localnet_bench(local: &Path) -> Command {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench
        .arg("localnet")
        .env("LOCAL_DIR", local)
        .kill_on_drop(true);
    bench
}

#[tokio::test]
async fn figures_are_printed_and_written() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let json = dir.path().join("figures.json");
    let bench = localnet_bench(dir.path())
        .args(["--quick", "--json"])
        .arg(&json)
        .output();
    let output = within_deadline("the benchmark", bench).await??;
    let table = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures: BTreeMap<String, f64> = serde_json::from_slice(&fs::read(&json)?)?;
    assert!(figures.values().all(|figure| *figure > 0.0), "{figures:?}");
    let key = "queries_per_second";
    for figure in [figures[key], figures[&format!("{key}_reference")]] {
        assert!(table.contains(&format!("{figure:.0} /s")), "{table}");
    }
    Ok(())
}

#[tokio::test]
async fn an_interrupted_run_leaves_nothing() -> Result<()> {
    let local = tempfile::tempdir()?;
    let mut bench = localnet_bench(local.path())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(bench.stderr.take().context("no standard error")?).lines();
    let line = within_deadline("the first figure", said.next_line()).await??;
    assert!(
        line.as_deref()
            .is_some_and(|line| line.contains("Measuring")),
        "{line:?}"
    );
    assert_ne!(fs::read_dir(local.path())?.count(), 0);
    terminate(&bench);
    let status = within_deadline("the benchmark to end", bench.wait()).await??;
    assert_eq!(status.code(), Some(1));
    assert_eq!(fs::read_dir(local.path())?.count(), 0);
    Ok(())
}
