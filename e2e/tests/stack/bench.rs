//! The benchmarks run, and write what they are asked to. What they measure is not for tests to judge.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use e2e::wait::{DEADLINE, within_deadline};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};
use xtask::{layout::Layout, process::terminate};

/// A benchmark, with its temporary files in `local`.
fn bench(name: &str, local: &Path) -> Command {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench
        .arg(name)
        .env("LOCAL_DIR", local)
        .env(
            "IC_LOCALNET_COMPILED_DIR",
            Layout::of_this_workspace().compiled(),
        )
        .kill_on_drop(true);
    bench
}

/// Runs a benchmark; gives the table that it prints, and the figures that it writes.
async fn measure(name: &str) -> Result<(String, BTreeMap<String, f64>)> {
    let dir = tempfile::tempdir()?;
    let json = dir.path().join("figures.json");
    let bench = bench(name, dir.path())
        .args(["--quick", "--json"])
        .arg(&json)
        .output();
    // Each of them starts what a good number of tests do.
    let output = timeout(3 * DEADLINE, bench).await??;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let figures: BTreeMap<_, f64> = serde_json::from_slice(&fs::read(&json)?)?;
    assert!(figures.values().all(|figure| *figure > 0.0), "{figures:?}");
    Ok((table, figures))
}

#[tokio::test]
async fn figures_are_printed_and_written() -> Result<()> {
    let (table, figures) = measure("localnet").await?;
    let key = "queries_per_second";
    for figure in [figures[key], figures[&format!("{key}_reference")]] {
        assert!(table.contains(&format!("{figure:.0} /s")), "{table}");
    }
    Ok(())
}

#[tokio::test]
async fn both_cdks_are_measured() -> Result<()> {
    let (_, figures) = measure("cdk").await?;
    for key in [
        "send_0_queued_instructions",
        "poll_0_queued_instructions",
        "ws_open_0_clients_instructions",
        "broadcast_1_per_recipient_instructions",
    ] {
        assert!(figures.contains_key(key), "{figures:?}");
    }
    Ok(())
}

#[tokio::test]
async fn both_clients_are_measured() -> Result<()> {
    let (_, figures) = measure("client").await?;
    for key in [
        "verified_1_per_poll_per_second",
        "verified_50_per_poll_per_second",
    ] {
        assert!(figures.contains_key(key), "{figures:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_gateway_is_measured() -> Result<()> {
    let (_, figures) = measure("gateway").await?;
    for key in [
        "quiet_delivery_p50_ms",
        "burst_bytes_per_message",
        "beside_slow_client_p99_ms",
        "many_messages_per_second",
        "many_idle_memory_per_client_kib",
    ] {
        assert!(figures.contains_key(key), "{figures:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_chat_is_measured() -> Result<()> {
    let (_, figures) = measure("chat").await?;
    for key in [
        "enter_to_screen_p50_ms",
        "longest_task_typing_ms",
        "longest_task_scrolling_ms",
        "first_messages_ms",
        "many_delivery_p99_ms",
        "many_instructions_per_message",
        "say_after_200_instructions",
        "overview_after_200_instructions",
    ] {
        assert!(figures.contains_key(key), "{figures:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_interrupted_run_leaves_nothing() -> Result<()> {
    let local = tempfile::tempdir()?;
    let mut bench = bench("localnet", local.path())
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
