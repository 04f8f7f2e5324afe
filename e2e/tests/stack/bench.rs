//! The benchmarks run, and write what they are asked to. What they measure is not for tests to judge.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use e2e::wait::within_deadline;
use tokio::process::Command;

#[tokio::test]
async fn figures_are_printed_and_written() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let json = dir.path().join("figures.json");
    let bench = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["localnet", "--quick", "--json"])
        .arg(&json)
        .kill_on_drop(true)
        .output();
    let output = within_deadline("the benchmark", bench).await??;
    let table = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures: BTreeMap<String, f64> = serde_json::from_slice(&std::fs::read(&json)?)?;
    assert!(figures.values().all(|figure| *figure > 0.0), "{figures:?}");
    let key = "queries_per_second";
    for figure in [figures[key], figures[&format!("{key}_reference")]] {
        assert!(table.contains(&format!("{figure:.0} /s")), "{table}");
    }
    Ok(())
}
