//! A canister at one moment. Queries and `inspect_message` see it as it was when its state was certified.

use std::sync::Arc;

use candid::Principal;
use rpds::HashTrieMapSync;

use super::{Host, Logs, Settings, Snapshots, Status, execute::Standing, no_module};
use crate::{
    execution::{CodeView, EntryPoint, Environment, Execution, Input, SystemState, Target},
    rejection::{ErrorCode, Rejection},
};

const INSPECT_MESSAGE: &str = "canister_inspect_message";

/// All canisters at one moment.
pub type Canisters = HashTrieMapSync<Principal, Arc<CanisterView>>;

/// What can be told of a canister at one moment, whatever becomes of it later.
pub struct CanisterView {
    /// Its id.
    pub id: Principal,
    /// Its settings.
    pub settings: Settings,
    /// Whether it takes calls.
    pub status: Status,
    /// Its version.
    pub version: u64,
    /// Its balance.
    pub cycles: u128,
    /// When its global timer fires.
    pub global_timer: u64,
    /// What it printed.
    pub logs: Arc<Logs>,
    /// Bytes in its chunk store.
    pub chunk_bytes: usize,
    /// What it was at some moments.
    pub snapshots: Arc<Snapshots>,
    /// Its code and memories.
    pub code: Option<CodeView>,
}

impl CanisterView {
    /// What executions in this canister may ask.
    pub fn environment(&self, host: &Host) -> Environment {
        let heap_bytes = self
            .code
            .as_ref()
            .map_or(0, |code| code.heap.bytes() as u64);
        host.environment(Standing {
            id: self.id,
            settings: &self.settings,
            status: &self.status,
            version: self.version,
            global_timer: self.global_timer,
            heap_bytes,
            open_calls: 0,
        })
    }

    /// The running code, or why there is none.
    fn running(&self) -> Result<&CodeView, Rejection> {
        self.status.check_running(self.id)?;
        self.code.as_ref().ok_or_else(|| no_module(self.id))
    }

    /// The function behind a query method.
    pub fn query_method(&self, name: &str) -> Result<(EntryPoint, String), Rejection> {
        let code = self.running()?;
        for (kind, entry) in [
            ("query", EntryPoint::Query),
            ("composite_query", EntryPoint::CompositeQuery),
        ] {
            let function = format!("canister_{kind} {name}");
            if code.module.exports(&function) {
                return Ok((entry, function));
            }
        }
        let message = format!(
            "Error from Canister {}: Canister has no query method '{name}'.",
            self.id
        );
        Err(Rejection::new(ErrorCode::CanisterMethodNotFound, message))
    }

    /// An instance that will leave nothing behind.
    pub fn start(
        &self,
        entry: EntryPoint,
        input: Input,
        host: &Host,
    ) -> Result<Execution, Rejection> {
        let code = self.running()?;
        let state = SystemState::new(
            entry,
            self.environment(host),
            input,
            self.cycles,
            code.stable.clone(),
            host.limits,
        );
        Execution::resume(&host.engine, code.clone(), state).map_err(|e| e.reject(self.id))
    }

    /// Shows what an execution that leaves nothing behind has printed.
    pub fn trace(&self, execution: &mut Execution) {
        for line in std::mem::take(&mut execution.state().effects.logs) {
            tracing::debug!(canister = %self.id, "{}", String::from_utf8_lossy(&line));
        }
    }

    /// Whether the canister wants to see messages from users before they are received.
    pub fn inspects_messages(&self) -> Result<bool, Rejection> {
        Ok(self.running()?.module.exports(INSPECT_MESSAGE))
    }

    /// Asks the canister whether it takes a message from a user.
    pub fn inspect(
        &self,
        caller: Principal,
        method_name: String,
        payload: Vec<u8>,
        host: &Host,
    ) -> Result<(), Rejection> {
        let input = Input {
            caller: caller.as_slice().to_vec(),
            method_name,
            payload,
            ..Input::default()
        };
        let mut execution = self.start(EntryPoint::InspectMessage, input, host)?;
        let result = execution.run(Target::Export(INSPECT_MESSAGE));
        self.trace(&mut execution);
        result.map_err(|trapped| trapped.reject(self.id))?;
        if execution.into_state().effects.accepted {
            return Ok(());
        }
        let message = format!(
            "Error from Canister {}: Canister rejected the message",
            self.id
        );
        Err(Rejection::new(ErrorCode::CanisterRejectedMessage, message))
    }
}
