//! The local network as its users have it: a process of its own, with canisters on it.

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use e2e::{
    canister::Canister,
    http::{Connection, Request},
};
use ic_agent::{Agent, Identity, identity::BasicIdentity};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};
use xtask::{
    build::Artifacts,
    layout::Layout,
    process::{die_with_parent, terminate},
};

use crate::{
    instructions::{self, Instructions},
    usage::Usage,
};

/// For how long requests are good: as long as the network lets them be.
const EXPIRY: Duration = Duration::from_secs(5 * 60);

/// For how long a network may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running network.
pub struct Node {
    process: Child,
    pub address: SocketAddr,
    pub agent: Agent,
    /// How long it took until it answered.
    pub started_in: Duration,
}

impl Node {
    /// Starts the network; it keeps its state in `state_dir`, if there is one.
    pub async fn start(state_dir: Option<&Path>) -> Result<Self> {
        Self::start_with(state_dir, "warn", Stdio::inherit()).await
    }

    /// Starts the network so that it tells what executions take.
    pub async fn start_counting(state_dir: Option<&Path>) -> Result<(Self, Instructions)> {
        let mut node = Self::start_with(state_dir, instructions::LOGGED, Stdio::piped()).await?;
        let log = node.process.stderr.take().context("no standard error")?;
        Ok((node, Instructions::in_log(log)))
    }

    async fn start_with(state_dir: Option<&Path>, logged: &str, log: Stdio) -> Result<Self> {
        let program = Artifacts::of(&Layout::of_this_workspace()).localnet;
        let mut command = Command::new(&program);
        command
            .args(["--port", "0"])
            .env_remove("IC_LOCALNET_STATE_DIR")
            .env_remove("IC_LOCALNET_TEST_API")
            .env("RUST_LOG", logged)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        if let Some(dir) = state_dir {
            command.arg("--state-dir").arg(dir);
        }
        die_with_parent(&mut command);
        let started = Instant::now();
        let mut process = command
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let output = process.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .context("the network does not start")??;
        let url = line.as_deref().and_then(|line| {
            line.split_whitespace()
                .find_map(|word| word.strip_prefix("http://"))
        });
        let address = url
            .context("the network does not say where it is")?
            .parse()?;
        let mut connection = Connection::open(address).await?;
        connection.send(&Request::status()).await?;
        let started_in = started.elapsed();

        let agent = Agent::builder()
            .with_url(format!("http://{address}"))
            .with_identity(BasicIdentity::from_raw_key(&[1; 32]))
            .with_ingress_expiry(EXPIRY)
            .build()?;
        agent.fetch_root_key().await?;
        Ok(Self {
            process,
            address,
            agent,
            started_in,
        })
    }

    /// Stops the network, which keeps its state.
    pub async fn stop(mut self) -> Result<()> {
        terminate(&self.process);
        let status = timeout(PATIENCE, self.process.wait())
            .await
            .context("the network does not stop")??;
        ensure!(status.success(), "the network has failed: {status}");
        Ok(())
    }

    /// What it takes up.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.process.id().context("the network has ended")?)
    }

    /// An agent of the network that signs as `identity`.
    pub fn agent_of(&self, identity: impl Identity + 'static) -> Agent {
        let mut agent = self.agent.clone();
        agent.set_identity(identity);
        agent
    }

    /// A new canister that runs `module`.
    pub async fn install(&self, module: &[u8]) -> Result<Canister> {
        Canister::create(&self.agent, module.to_vec(), ()).await
    }

    /// A signed query.
    pub fn query(&self, canister: &Canister, method: &str, arg: &[u8]) -> Result<Request> {
        let canister = canister.id;
        let query = self.agent.query(&canister, method).with_arg(arg).sign()?;
        let path = format!("/api/v3/canister/{canister}/query");
        Ok(Request::post(&path, &query.signed_query))
    }

    /// A signed update, unlike all others by its nonce; it is answered with a certificate.
    pub fn update(&self, canister: &Canister, method: &str, arg: &[u8]) -> Result<Request> {
        Self::update_by(&self.agent, canister, method, arg)
    }

    /// The same for another agent of the network.
    pub fn update_by(
        agent: &Agent,
        canister: &Canister,
        method: &str,
        arg: &[u8],
    ) -> Result<Request> {
        let canister = canister.id;
        let update = agent.update(&canister, method).with_arg(arg).sign()?;
        let path = format!("/api/v3/canister/{canister}/call");
        Ok(Request::post(&path, &update.signed_update))
    }
}

/// A folder for a network's state, on the disk where `scripts/start` keeps it.
pub fn state_dir() -> Result<TempDir> {
    let layout = Layout::of_this_workspace();
    std::fs::create_dir_all(layout.local())?;
    Ok(tempfile::tempdir_in(layout.local())?)
}

/// Whoever removes the folder of the state next must find nobody writing there.
impl Drop for Node {
    fn drop(&mut self) {
        let Some(pid) = self.process.id() else {
            return;
        };
        // These can fail only if it has ended, which is what is wanted.
        let _ = self.process.start_kill();
        if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
            let _ = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            );
        }
    }
}
