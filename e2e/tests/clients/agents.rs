//! The published JavaScript agents, with their default options. What they do is in `e2e/js/agents/`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::wait::within_deadline;
use ic_localnet::{Config, Localnet};
use tokio::process::Command;

#[tokio::test]
async fn the_core_package_does_what_applications_do() -> Result<()> {
    check("core").await
}

#[tokio::test]
async fn version_2_of_the_agent_package_does_what_applications_do() -> Result<()> {
    check("dfinity").await
}

/// Runs all checks with one of the agents.
async fn check(agent: &str) -> Result<()> {
    let network = Localnet::start(Config::default()).await?;
    let directory = tempfile::tempdir()?;
    let module = directory.path().join("echo.wasm");
    let bytes = wat::parse_str(include_str!("echo.wat"))?;
    tokio::fs::write(&module, bytes).await?;
    let checks = Command::new("node")
        .arg("agents/check.mjs")
        .args([agent, &network.url()])
        .arg(&module)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("js"))
        .kill_on_drop(true)
        .output();
    let output = within_deadline("the checks", checks)
        .await?
        .context("cannot run node")?;
    ensure!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    network.shutdown().await?;
    Ok(())
}
