//! A network in a process of its own, started again and again on the same state.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use candid::{CandidType, Decode, Encode, Principal};
use ic_agent::{
    Agent, AgentError, Certificate,
    hash_tree::{Label, LookupResult},
    identity::BasicIdentity,
};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, InstallCodeArgs, ProvisionalCreateCanisterWithCyclesArgs,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(60);
pub const MANAGEMENT: Principal = Principal::management_canister();

/// A state, and the key that certifies it.
pub struct State {
    dir: TempDir,
    root_key: Vec<u8>,
    /// For all agents: it takes long to make one.
    client: reqwest::Client,
}

/// A running network.
pub struct Process {
    child: Child,
    /// A client with all of its own checks on.
    pub agent: Agent,
}

impl State {
    /// A state that nobody has used yet.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let client = reqwest::Client::new();
        let process = Process::start(dir.path(), client.clone()).await;
        process.agent.fetch_root_key().await.unwrap();
        let root_key = process.agent.read_root_key();
        process.kill().await;
        Self {
            dir,
            root_key,
            client,
        }
    }

    /// Goes on from the state. Whatever does not carry the first process' certificates is refused from here on.
    pub async fn start(&self) -> Process {
        let process = Process::start(self.dir.path(), self.client.clone()).await;
        process.agent.set_root_key(self.root_key.clone());
        process
    }

    /// Goes on from the state, but no file can become larger than so many blocks of the shell's `ulimit`.
    pub async fn start_limited(&self, blocks: u32) -> Process {
        let mut command = Command::new("sh");
        // Whoever does not ignore the signal is killed by it, and sees no error.
        let script = format!("trap '' XFSZ && ulimit -f {blocks} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_ic-localnet")]);
        command.stderr(Stdio::piped());
        let process = Process::spawn(command, self.dir.path(), self.client.clone()).await;
        process.agent.set_root_key(self.root_key.clone());
        process
    }
}

impl Process {
    async fn start(dir: &Path, client: reqwest::Client) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_ic-localnet"));
        Self::spawn(command, dir, client).await
    }

    async fn spawn(mut command: Command, dir: &Path, client: reqwest::Client) -> Self {
        let mut child = command
            .args(["--port", "0", "--state-dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .env("RUST_LOG", "error")
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let line = line.expect("the network does not start");
        let url = line.split(' ').find(|word| word.starts_with("http"));
        let agent = Agent::builder()
            .with_url(url.unwrap())
            .with_http_client(client)
            .with_arc_identity(Arc::new(BasicIdentity::from_raw_key(&[7; 32])))
            .build()
            .unwrap();
        Self { child, agent }
    }

    /// Waits until it ends by itself; gives how it ended, and what it wrote to its standard error.
    pub async fn ended(self) -> (ExitStatus, String) {
        let output = timeout(PATIENCE, self.child.wait_with_output());
        let output = output.await.expect("the network does not end").unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status, text)
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub async fn manage<T: CandidType>(
        &self,
        method: &str,
        effective: Principal,
        args: T,
    ) -> Result<Vec<u8>, AgentError> {
        self.agent
            .update(&MANAGEMENT, method)
            .with_effective_canister_id(effective)
            .with_arg(Encode!(&args).unwrap())
            .call_and_wait()
            .await
    }

    pub async fn create(&self, specified_id: Option<Principal>) -> Result<Principal, AgentError> {
        let args = ProvisionalCreateCanisterWithCyclesArgs {
            specified_id,
            ..Default::default()
        };
        let method = "provisional_create_canister_with_cycles";
        let effective = specified_id.unwrap_or(MANAGEMENT);
        let reply = self.manage(method, effective, args).await?;
        Ok(Decode!(&reply, CanisterIdRecord).unwrap().canister_id)
    }

    pub async fn install(
        &self,
        mode: CanisterInstallMode,
        canister_id: Principal,
        wasm_module: &[u8],
    ) -> Result<(), AgentError> {
        let args = InstallCodeArgs {
            mode,
            canister_id,
            wasm_module: wasm_module.to_vec(),
            arg: vec![],
            sender_canister_version: None,
        };
        self.manage("install_code", canister_id, args)
            .await
            .map(drop)
    }

    /// A value below `/canister/ID`.
    pub async fn state(&self, canister: Principal, name: &str) -> Option<Vec<u8>> {
        let paths = vec![canister_path(canister, name)];
        let certificate = self.agent.read_state_raw(paths, canister).await.unwrap();
        lookup(&certificate, canister, name)
    }

    /// What the canister certifies; it has to offer [`CERTIFICATE`].
    pub async fn certified_data(&self, canister: Principal) -> Vec<u8> {
        let query = self.agent.query(&canister, "certificate").call();
        let certificate = serde_cbor::from_slice(&query.await.unwrap()).unwrap();
        self.agent.verify(&certificate, canister).unwrap();
        lookup(&certificate, canister, "certified_data").unwrap()
    }
}

fn canister_path(canister: Principal, name: &str) -> Vec<Label<Vec<u8>>> {
    vec!["canister".into(), canister.as_slice().into(), name.into()]
}

fn lookup(certificate: &Certificate, canister: Principal, name: &str) -> Option<Vec<u8>> {
    match certificate.tree.lookup_path(canister_path(canister, name)) {
        LookupResult::Found(value) => Some(value.to_vec()),
        _ => None,
    }
}

/// A query method that replies with the data certificate.
pub const CERTIFICATE: &str = r#"
    (func (export "canister_query certificate")
        (call $certificate_copy (i32.const 0) (i32.const 0) (call $certificate_size))
        (call $reply_append (i32.const 0) (call $certificate_size))
        (call $reply))"#;

/// A random number below `limit`.
pub fn random(limit: u64) -> u64 {
    getrandom::u64().unwrap() % limit
}
