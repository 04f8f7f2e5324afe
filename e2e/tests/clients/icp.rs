//! The `icp` command line with the local network as a connected network.

use anyhow::{Context, Result};
use candid::Principal;
use e2e::{browser::Browser, icp::Icp};
use ic_localnet::{Config, Localnet};
use serde_json::Value;

use crate::project::Project;

/// Canisters outside of any project.
struct Detached {
    icp: Icp,
    network: Localnet,
}

impl Detached {
    async fn new() -> Result<Self> {
        let network = Localnet::start(Config::default()).await?;
        let icp = Icp::new().await?;
        Ok(Self { icp, network })
    }

    /// Runs `icp canister` with these arguments on the network.
    async fn canister(&self, arguments: &[&str]) -> Result<String> {
        let (url, root_key) = (self.network.url(), hex::encode(self.network.root_key()));
        let network = ["--network", &url, "--root-key", &root_key];
        self.icp
            .run([&["canister"], arguments, &network].concat())
            .await
    }

    async fn status(&self, id: &str) -> Result<Value> {
        let status = self.canister(&["status", id, "--json"]).await?;
        serde_json::from_str(&status).context(status)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canister_lives_from_creation_to_deletion() -> Result<()> {
    let detached = Detached::new().await?;
    let module = detached.icp.folder().join("echo.wasm");
    tokio::fs::write(&module, wat::parse_str(include_str!("echo.wat"))?).await?;
    let module = module.to_str().context("a path that is not UTF-8")?;

    let health = detached
        .icp
        .run(["network", "ping", &detached.network.url()])
        .await?;
    assert!(health.contains("healthy"), "{health}");

    let created = detached
        .canister(&["create", "--detached", "--quiet"])
        .await?;
    let id = created.trim();
    Principal::from_text(id)?;
    detached
        .canister(&["install", id, "--wasm", module])
        .await?;
    let candid = detached
        .canister(&["metadata", id, "candid:service"])
        .await?;
    assert!(candid.starts_with("service :"), "{candid}");

    let echo = |method, text| {
        let detached = &detached;
        async move { detached.canister(&["call", id, method, text]).await }
    };
    assert_eq!(
        echo("echo", "(\"an update\")").await?.trim(),
        "(\"an update\")"
    );
    let query = ["call", "--query", id, "echo_query", "(\"a query\")"];
    assert_eq!(detached.canister(&query).await?.trim(), "(\"a query\")");
    let error = echo("trap", "()").await.unwrap_err().to_string();
    assert!(
        error.contains("IC0503") && error.contains("on purpose"),
        "{error}"
    );
    let logs = detached.canister(&["logs", id]).await?;
    assert!(
        logs.contains("echoed") && logs.contains("on purpose"),
        "{logs}"
    );

    let settings = ["--freezing-threshold", "40d", "--log-visibility", "public"];
    let variable = ["--add-environment-variable", "KEY=value"];
    detached
        .canister(&[&["settings", "update", id], &settings[..], &variable].concat())
        .await?;
    let shown = detached.canister(&["settings", "show", id]).await?;
    for line in [
        "Freezing threshold: 3_456_000",
        "Log visibility: Public",
        "KEY: value",
    ] {
        assert!(shown.contains(line), "{shown}");
    }

    detached.canister(&["top-up", id, "--amount", "1t"]).await?;
    detached.canister(&["stop", id]).await?;
    let status = detached.status(id).await?;
    assert_eq!(status["status"], "Stopped", "{status}");
    detached.canister(&["start", id]).await?;
    detached
        .canister(&[
            "install",
            id,
            "--wasm",
            module,
            "--mode",
            "reinstall",
            "--yes",
        ])
        .await?;
    detached.canister(&["stop", id]).await?;
    detached.canister(&["delete", id]).await?;
    assert!(detached.status(id).await.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_is_deployed_and_deployed_again() -> Result<()> {
    let project = Project::new().await?;
    let first = deploy(&project.icp).await?;
    let page = deploy(&project.icp).await?;
    assert_eq!(page, first);

    let browser = Browser::start().await?;
    let window = browser.window(&page).await?;
    window.enter_lobby("Alice").await?;
    window.say("Deployed by icp").await?;
    let shown = window.wait_for_message("Deployed by icp").await?;
    assert_eq!(shown.author.as_deref(), Some("Alice"));
    window.close().await?;
    project.network.stop().await
}

/// Gives the address at which `icp` says that the page is.
async fn deploy(icp: &Icp) -> Result<String> {
    let written = icp.run(["deploy"]).await?;
    let mut lines = written.lines();
    let page = lines.find_map(|line| line.trim().strip_prefix("frontend: "));
    page.map(str::to_owned).context(written)
}
