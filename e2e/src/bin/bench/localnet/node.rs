//! The local network as its users have it: a process of its own, with canisters on it.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use candid::{Decode, Encode, Principal};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use xtask::{build::Artifacts, layout::Layout};

use crate::http::Request;

/// For how long requests are good: as long as the network lets them be.
const EXPIRY: Duration = Duration::from_secs(5 * 60);

/// A running network.
pub struct Node {
    process: Child,
    pub address: SocketAddr,
    pub agent: Agent,
}

impl Node {
    /// Starts the network; it keeps its state in `state_dir`, if there is one.
    pub async fn start(state_dir: Option<&Path>) -> Result<Self> {
        let program = Artifacts::of(&Layout::of_this_workspace()).localnet;
        let mut command = Command::new(&program);
        command.args(["--port", "0"]).env("RUST_LOG", "warn");
        if let Some(dir) = state_dir {
            command.arg("--state-dir").arg(dir);
        }
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let output = process.stdout.take().context("no standard output")?;
        let line = BufReader::new(output).lines().next_line().await?;
        let url = line.as_deref().and_then(|line| {
            line.split_whitespace()
                .find_map(|word| word.strip_prefix("http://"))
        });
        let address = url.context("the network does not say where it is")?;
        let agent = Agent::builder()
            .with_url(format!("http://{address}"))
            .with_identity(BasicIdentity::from_raw_key(&[1; 32]))
            .with_ingress_expiry(EXPIRY)
            .build()?;
        agent.fetch_root_key().await?;
        Ok(Self {
            process,
            address: address.parse()?,
            agent,
        })
    }

    /// Stops the network, which keeps its state.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self
            .process
            .id()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()));
        kill_process(pid.context("the network has ended")?, Signal::TERM)?;
        let status = self.process.wait().await?;
        ensure!(status.success(), "the network has failed: {status}");
        Ok(())
    }

    /// A new canister that runs `module`.
    pub async fn install(&self, module: &[u8]) -> Result<Principal> {
        let management = Principal::management_canister();
        let create = ProvisionalCreateCanisterWithCyclesArgs::default();
        let reply = self
            .agent
            .update(&management, "provisional_create_canister_with_cycles")
            .with_effective_canister_id(management)
            .with_arg(Encode!(&create)?)
            .call_and_wait()
            .await?;
        let canister_id = Decode!(&reply, CanisterIdRecord)?.canister_id;
        let install = InstallCodeArgs {
            mode: CanisterInstallMode::Install,
            canister_id,
            wasm_module: module.to_vec(),
            arg: Vec::new(),
            sender_canister_version: None,
        };
        self.agent
            .update(&management, "install_code")
            .with_effective_canister_id(canister_id)
            .with_arg(Encode!(&install)?)
            .call_and_wait()
            .await?;
        Ok(canister_id)
    }

    /// A signed query.
    pub fn query(&self, canister: Principal, method: &str, arg: &[u8]) -> Result<Request> {
        let query = self.agent.query(&canister, method).with_arg(arg).sign()?;
        let path = format!("/api/v3/canister/{canister}/query");
        Ok(Request::post(&path, &query.signed_query))
    }

    /// A signed update, unlike all others by its nonce; it is answered with a certificate.
    pub fn update(&self, canister: Principal, method: &str, arg: &[u8]) -> Result<Request> {
        let update = self.agent.update(&canister, method).with_arg(arg).sign()?;
        let path = format!("/api/v3/canister/{canister}/call");
        Ok(Request::post(&path, &update.signed_update))
    }
}
