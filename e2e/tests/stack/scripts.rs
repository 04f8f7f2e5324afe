//! The scripts that a newcomer runs.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use e2e::{browser::Browser, wait::within_deadline};
use tempfile::TempDir;
use tokio::process::Command;
use xtask::network_file::NetworkFile;

/// An instance with a folder and ports of its own.
struct Instance {
    local: TempDir,
    localnet_port: u16,
    gateway_port: u16,
}

impl Instance {
    fn new() -> Result<Self> {
        Ok(Self {
            local: tempfile::tempdir()?,
            localnet_port: free_port()?,
            gateway_port: free_port()?,
        })
    }

    fn command(&self, script: &str) -> std::process::Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
        let mut command = std::process::Command::new(scripts.join(script));
        command
            .env("LOCAL_DIR", self.local.path())
            .env("LOCALNET_PORT", self.localnet_port.to_string())
            .env("GATEWAY_PORT", self.gateway_port.to_string())
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, script: &str, arguments: &[&str]) -> Result<Output> {
        let output = Command::from(self.command(script))
            .args(arguments)
            .kill_on_drop(true)
            .output();
        within_deadline(&format!("scripts/{script}"), output)
            .await?
            .context("cannot run the script")
    }

    /// Runs a script that must succeed, and gives what it printed.
    async fn succeed(&self, script: &str, arguments: &[&str]) -> Result<String> {
        let output = self.run(script, arguments).await?;
        ensure!(
            output.status.success(),
            "scripts/{script}: {}",
            text(&output.stderr)
        );
        Ok(text(&output.stdout))
    }

    fn network(&self) -> Result<Option<NetworkFile>> {
        NetworkFile::read(&self.local.path().join("network.json"))
    }
}

/// A failed test leaves nothing running.
impl Drop for Instance {
    fn drop(&mut self) {
        // After a test that has stopped it there is nothing to stop, which is fine.
        let _ = self
            .command("stop")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// A free port that no other test is given: the system hands out those from 32768 on.
fn free_port() -> Result<u16> {
    (0..100)
        .map(|_| rand::random_range(20_000..32_768))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn is_alive(pid: u32) -> Result<bool> {
    let status = Command::new("kill")
        .args(["-0", &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .await?;
    Ok(status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_brings_everything_up_and_stop_leaves_nothing() -> Result<()> {
    let instance = Instance::new()?;
    let said = instance.succeed("start", &["--background"]).await?;
    let network = instance.network()?.context("no network.json")?;
    for url in [&network.frontend_url, &network.gateway_url, &network.ic_url] {
        assert!(said.contains(url), "{said}");
    }
    for url in [&network.status_url, &network.metrics_url] {
        let page = reqwest::get(url).await?.error_for_status()?.text().await?;
        assert!(!page.is_empty(), "{url}");
    }
    let browser = Browser::start().await?;
    let window = browser.window(&network.frontend_url).await?;
    window.enter_lobby("Alice").await?;
    window.say("Is anybody here?").await?;
    window.wait_for_message("Is anybody here?").await?;
    window.close().await?;
    let window = browser.window(&network.identity_provider_url).await?;
    window.wait_for("button[value=Alice]").await?;
    window.close().await?;

    let again = instance.run("start", &["--background"]).await?;
    assert!(!again.status.success());
    assert!(
        text(&again.stderr).contains("already running"),
        "{}",
        text(&again.stderr)
    );

    instance.succeed("stop", &[]).await?;
    assert_eq!(instance.network()?, None);
    for pid in network.pids.values() {
        assert!(!is_alive(*pid).await?, "{:?}", network.pids);
    }

    // A second start has the state of the first.
    instance
        .succeed("start", &["--background", "--test-api"])
        .await?;
    let network = instance.network()?.context("no network.json")?;
    let clock = format!("{}/_/test/clock", network.ic_url);
    reqwest::get(clock).await?.error_for_status()?;
    let window = browser.window(&network.frontend_url).await?;
    window.enter_lobby("Bob").await?;
    window.wait_for_message("Is anybody here?").await?;
    window.close().await?;
    instance.succeed("stop", &[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named() -> Result<()> {
    let instance = Instance::new()?;
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, instance.gateway_port))?;
    let output = instance.run("start", &["--background"]).await?;
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains(&instance.gateway_port.to_string()) && said.contains("--gateway-port"),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_may_be_nothing_to_stop() -> Result<()> {
    let said = Instance::new()?.succeed("stop", &[]).await?;
    assert!(said.contains("Nothing is running"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_app_is_answered_by_those_there_are() -> Result<()> {
    let output = Instance::new()?.run("start", &["--app", "chess"]).await?;
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains("there are: chat, ") && said.contains("ping-pong"),
        "{said}"
    );
    Ok(())
}
