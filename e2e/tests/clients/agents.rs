//! The published JavaScript agents, with their default options. What they do is in `e2e/js/agents/`.

use anyhow::Result;
use e2e::nodejs;
use ic_localnet::{Config, Localnet};

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
    let url = network.url();
    let arguments = [agent.as_ref(), url.as_ref(), module.as_os_str()];
    nodejs::run("agents/check.mjs", arguments).await?;
    network.shutdown().await?;
    Ok(())
}
