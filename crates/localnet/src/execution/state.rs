//! What one execution can see and what it has done so far: the data behind the System API.

use std::{collections::BTreeMap, sync::Arc};

use candid::Principal;
use wasmtime::{Memory, ResourceLimiter};

use super::{
    entry::{EntryPoint, EntryPoints},
    memory::{StableLimits, StableMemory, StableOverlay},
    trap::SystemError,
};
use crate::certification::CertifiedState;

/// What the canister may ask about itself and the network.
#[derive(Clone)]
pub struct Environment {
    /// The canister's id.
    pub canister_id: Principal,
    /// The subnet's id.
    pub subnet_id: Principal,
    /// The root key, DER-encoded.
    pub root_key: Arc<[u8]>,
    /// The network's time in nanoseconds since the epoch.
    pub time_ns: u64,
    /// 1 running, 2 stopping, 3 stopped.
    pub status: u32,
    /// `ic0.canister_version`.
    pub version: u64,
    /// The deadline of the global timer in nanoseconds since the epoch; 0 if it is off.
    pub global_timer: u64,
    /// The canister's controllers.
    pub controllers: Arc<Vec<Principal>>,
    /// The canister's environment variables.
    pub variables: Arc<BTreeMap<String, String>>,
    /// Bytes of heap that the canister's settings allow; 0 for no limit of its own.
    pub wasm_memory_limit: u64,
    /// Bytes of heap that the canister has.
    pub heap_bytes: u64,
    /// Where the data certificate of a query comes from.
    pub certified: Option<Arc<CertifiedState>>,
    /// Room for further outgoing calls.
    pub max_outgoing_calls: usize,
}

/// What the entry point is told.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Who called; for callbacks and system tasks too.
    pub caller: Vec<u8>,
    /// The method called (for `inspect_message`).
    pub method_name: String,
    /// The argument, or the reply a callback gets.
    pub payload: Vec<u8>,
    /// The reject code and message a callback gets.
    pub reject: Option<(u32, String)>,
    /// When the caller stops waiting, in nanoseconds since the epoch; 0 for never.
    pub deadline_ns: u64,
    /// Cycles that came with the call and were not accepted yet.
    pub cycles_available: u128,
    /// Cycles that came back with a response.
    pub cycles_refunded: u128,
    /// Whether the call was answered by an earlier message of its call context.
    pub responded: bool,
    /// Instructions that earlier messages of the call context used.
    pub instructions_before: u64,
}

/// A function in the canister's table and the word it gets: how callbacks are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Closure {
    /// Index into the table.
    pub function: u32,
    /// The argument.
    pub env: u32,
}

/// A call that the execution makes to a canister; sent when it has succeeded.
#[derive(Clone, Debug)]
pub struct OutgoingCall {
    /// The canister called.
    pub callee: Principal,
    /// The method called.
    pub method_name: String,
    /// The argument.
    pub payload: Vec<u8>,
    /// Cycles sent along.
    pub cycles: u128,
    /// How long the caller waits, if not without bound.
    pub timeout_seconds: Option<u32>,
    /// Called with the reply.
    pub on_reply: Closure,
    /// Called with the reject.
    pub on_reject: Closure,
    /// Called if one of the two traps.
    pub on_cleanup: Option<Closure>,
}

impl OutgoingCall {
    /// Bytes that it takes while it waits.
    pub fn bytes(&self) -> usize {
        self.method_name.len() + self.payload.len()
    }
}

/// The answer to a call: reply bytes or reject message.
pub type Response = Result<Vec<u8>, String>;

/// What the execution did, apart from its memories.
#[derive(Debug, Default)]
pub struct Effects {
    /// The answer given.
    pub response: Option<Response>,
    /// Calls made.
    pub calls: Vec<OutgoingCall>,
    /// New certified data.
    pub certified_data: Option<Vec<u8>>,
    /// New deadline of the global timer in nanoseconds since the epoch; 0 turns it off.
    pub global_timer: Option<u64>,
    /// Cycles taken from those that came with the call.
    pub cycles_accepted: u128,
    /// Whether `inspect_message` let the message in.
    pub accepted: bool,
    /// Log lines, kept even if the execution traps.
    pub logs: Vec<Vec<u8>>,
}

/// Bytes that a log line counts for besides its content: its number, its time and its place in memory. Empty lines
/// are not for free either.
pub const LOG_LINE_OVERHEAD: usize = 24;

/// Upper bounds on one execution.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Instructions.
    pub instructions: u64,
    /// Bytes of heap.
    pub heap_bytes: usize,
    /// Bytes of heap that the canister may take besides those it has.
    pub new_heap_bytes: u64,
    /// Stable memory.
    pub stable: StableLimits,
    /// Bytes of the argument of an outgoing call.
    pub payload_bytes: usize,
    /// Bytes of all outgoing calls together.
    pub outgoing_bytes: usize,
    /// Bytes of a reply, or of a reject message.
    pub reply_bytes: usize,
    /// Bytes of log lines of one execution, [`LOG_LINE_OVERHEAD`] included; more are dropped.
    pub log_bytes: usize,
}

/// The data of a wasmtime store.
pub struct SystemState {
    /// The entry point that is running.
    pub entry: EntryPoint,
    /// What it may ask.
    pub environment: Environment,
    /// What it is told.
    pub input: Input,
    /// Its cycle balance, as it changes.
    pub balance: u128,
    /// Stable memory as it changes.
    pub stable: StableOverlay,
    /// What it did.
    pub effects: Effects,
    /// Bytes that the lines printed so far count for.
    pub logged_bytes: usize,
    /// Bytes of the calls that it made.
    pub outgoing_bytes: usize,
    /// What bounds it.
    pub limits: Limits,
    /// The reply under construction.
    pub reply: Vec<u8>,
    /// The call under construction.
    pub call: Option<OutgoingCall>,
    /// The linear memory, for System API functions to read and write.
    pub memory: Option<Memory>,
    /// The data certificate, once asked for.
    pub certificate: Option<Vec<u8>>,
}

impl SystemState {
    /// The state at the beginning of an execution.
    pub fn new(
        entry: EntryPoint,
        environment: Environment,
        input: Input,
        balance: u128,
        stable: StableMemory,
        limits: Limits,
    ) -> Self {
        Self {
            entry,
            environment,
            balance,
            stable: StableOverlay::new(stable, limits.stable),
            effects: Effects::default(),
            logged_bytes: 0,
            outgoing_bytes: 0,
            limits,
            reply: Vec::new(),
            call: None,
            memory: None,
            certificate: None,
            input,
        }
    }

    /// Traps if the running entry point may not call `function`.
    pub fn allow(&self, function: &str, entries: EntryPoints) -> Result<(), SystemError> {
        if entries.contains(self.entry) {
            return Ok(());
        }
        Err(SystemError::Contract(format!(
            "\"ic0_{function}\" cannot be executed in {} mode",
            self.entry
        )))
    }

    /// Keeps a line that was printed, if there is room.
    pub fn log(&mut self, line: &[u8]) {
        let bytes = self.logged_bytes + line.len() + LOG_LINE_OVERHEAD;
        if bytes <= self.limits.log_bytes {
            self.logged_bytes = bytes;
            self.effects.logs.push(line.to_vec());
        }
    }

    /// Makes a call if there is room for it. If not, its cycles stay.
    pub fn send(&mut self, call: OutgoingCall) -> bool {
        let bytes = self.outgoing_bytes + call.bytes();
        let has_room = self.effects.calls.len() < self.environment.max_outgoing_calls
            && bytes <= self.limits.outgoing_bytes;
        if has_room {
            self.outgoing_bytes = bytes;
            self.effects.calls.push(call);
        } else {
            self.balance = self.balance.saturating_add(call.cycles);
        }
        has_room
    }

    /// Drops the call under construction: one that is not performed gives its cycles back.
    pub fn drop_unfinished_call(&mut self) {
        if let Some(call) = self.call.take() {
            self.balance = self.balance.saturating_add(call.cycles);
        }
    }

    /// Goes on with a callback of a composite query. The certificate is for the query method only.
    pub fn begin_callback(&mut self, entry: EntryPoint, input: Input) {
        self.drop_unfinished_call();
        self.reply.clear();
        self.environment.certified = None;
        self.entry = entry;
        self.input = input;
    }

    /// Whether the call the execution belongs to is answered.
    pub fn responded(&self) -> bool {
        self.input.responded || self.effects.response.is_some()
    }
}

/// Where the canister's own limit on its heap holds: recovery must not fail for it.
const WASM_MEMORY_LIMITED: EntryPoints =
    EntryPoints::of(&[EntryPoint::Start, EntryPoint::Init, EntryPoint::Update]);

impl ResourceLimiter for SystemState {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let (limit, bytes) = (self.environment.wasm_memory_limit, desired as u64);
        if limit > 0 && bytes > limit && WASM_MEMORY_LIMITED.contains(self.entry) {
            return Err(SystemError::WasmMemoryLimit { limit, bytes }.into());
        }
        if desired > self.limits.heap_bytes {
            return Ok(false);
        }
        let before = self.environment.heap_bytes;
        if bytes > before.saturating_add(self.limits.new_heap_bytes) {
            return Err(SystemError::NoHeapRoom.into());
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        const MAX_TABLE_ELEMENTS: usize = 1_000_000;
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}
