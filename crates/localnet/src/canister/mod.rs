//! A canister: its code and memories, its settings, its messages and calls in flight.

mod calls;
mod deadlines;
mod effects;
mod execute;
mod footprint;
mod history;
mod logs;
mod messages;
mod query;
mod queue;
mod settings;
mod snapshot;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use candid::Principal;
use serde::{Deserialize, Serialize};

pub use calls::Calls;
pub use execute::Host;
pub use footprint::Footprint;
pub use history::ChangeHistory;
pub use logs::{LogLine, Logs};
pub use messages::{Message, Origin, Outbound, Outcome, Request, Response, Task};
pub use query::{QueryCall, QueryGraph, QueryGraphLimits};
pub use queue::{Queue, Waiting};
pub use settings::Settings;
pub use snapshot::{Snapshot, SnapshotId, Snapshots};
pub use view::{CanisterView, Canisters};

use crate::{
    certification::{CanisterLeaves, Metadata},
    execution::{Code, CodeView},
    rejection::{ErrorCode, Rejection},
};

/// Whether the canister takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It does.
    Running,
    /// It takes responses only; those who asked it to stop are answered when the last call is closed.
    Stopping(Vec<StopRequest>),
    /// It does not.
    Stopped,
}

/// Someone who waits for a canister to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// Who waits.
    pub origin: Origin,
    /// Cycles that came along. They are given back with the answer.
    #[serde(with = "crate::wide")]
    pub cycles: u128,
    /// Until when, in nanoseconds since the epoch.
    pub deadline_ns: u64,
}

/// A canister. What is not serialized is large, and `store` keeps it apart.
#[derive(Serialize, Deserialize)]
pub struct Canister {
    /// Its id.
    pub id: Principal,
    /// Its settings.
    pub settings: Settings,
    /// Whether it takes calls.
    pub status: Status,
    /// Its code and memories; `None` while it is empty.
    #[serde(skip)]
    pub code: Option<Code>,
    /// What it certified.
    pub certified_data: Vec<u8>,
    /// `ic0.canister_version`: counts changes of code, settings, status and state.
    pub version: u64,
    /// Its balance.
    #[serde(with = "crate::wide")]
    pub cycles: u128,
    /// When its global timer fires, in nanoseconds since the epoch; 0 for never.
    pub global_timer: u64,
    /// Messages it has not executed yet.
    #[serde(skip)]
    pub queue: Queue<Message>,
    /// Calls it has open, as callee and as caller.
    pub calls: Calls,
    /// Pieces of modules, uploaded to be installed later.
    #[serde(skip)]
    pub chunks: BTreeMap<[u8; 32], Vec<u8>>,
    /// What it printed.
    #[serde(skip)]
    pub logs: Arc<Logs>,
    /// What was changed about it.
    pub history: ChangeHistory,
    /// What it was at some moments.
    #[serde(skip)]
    pub snapshots: Arc<Snapshots>,
    /// How many snapshots were taken of it.
    pub next_snapshot: u64,
}

impl Canister {
    /// An empty, running canister.
    pub fn new(id: Principal, settings: Settings, cycles: u128) -> Self {
        Self {
            id,
            settings,
            status: Status::Running,
            code: None,
            certified_data: Vec::new(),
            version: 0,
            cycles,
            global_timer: 0,
            queue: Queue::default(),
            calls: Calls::default(),
            chunks: BTreeMap::new(),
            logs: Arc::default(),
            history: ChangeHistory::default(),
            snapshots: Arc::default(),
            next_snapshot: 0,
        }
    }

    /// Whether `principal` controls the canister.
    pub fn is_controlled_by(&self, principal: Principal) -> bool {
        self.settings.controllers.contains(&principal)
    }

    /// Whether the canister exports `canister_heartbeat`.
    pub fn has_heartbeat(&self) -> bool {
        self.status == Status::Running
            && self
                .code
                .as_ref()
                .is_some_and(|code| code.module.exports("canister_heartbeat"))
    }

    /// Bytes of the pages of stable memory that it ever wrote to.
    pub fn stable_bytes(&self) -> u64 {
        self.code.as_ref().map_or(0, |code| code.stable.bytes())
    }

    /// Bytes of its heap.
    pub fn heap_bytes(&self) -> u64 {
        self.code
            .as_ref()
            .map_or(0, |code| code.heap.bytes() as u64)
    }

    /// Bytes of its chunk store.
    pub fn chunk_bytes(&self) -> usize {
        self.chunks.values().map(Vec::len).sum()
    }

    /// What it takes of the space that all canisters share, without its snapshots.
    pub fn own_footprint(&self) -> Footprint {
        Footprint {
            heap: self.heap_bytes(),
            stable: self.stable_bytes(),
            chunks: self.chunk_bytes() as u64,
        }
    }

    /// What it takes of the space that all canisters share.
    pub fn footprint(&self) -> Footprint {
        let snapshots = self.snapshots.values();
        let snapshots: Footprint = snapshots.map(|snapshot| snapshot.footprint()).sum();
        self.own_footprint() + snapshots
    }

    /// Whether a task of that kind is in the queue.
    pub fn awaits(&self, task: Task) -> bool {
        let is_it = |message: &Message| matches!(message, Message::Task(other) if *other == task);
        self.queue.iter().any(is_it)
    }

    /// What the state tree says about the canister.
    pub fn leaves(&self) -> CanisterLeaves {
        let module = self.code.as_ref().map(|code| &code.module);
        let metadata = module.map(|module| module.metadata()).unwrap_or_default();
        CanisterLeaves {
            certified_data: self.certified_data.clone(),
            module_hash: module.map(|module| module.hash()),
            controllers: self.settings.controllers.to_vec(),
            metadata: metadata
                .iter()
                .map(|section| {
                    (
                        section.name.clone(),
                        Metadata {
                            public: section.public,
                            bytes: section.bytes.clone(),
                        },
                    )
                })
                .collect(),
        }
    }

    /// The canister as it is now.
    pub fn view(&self) -> CanisterView {
        self.view_with(self.code.as_ref().map(Code::view))
    }

    /// The canister for queries, until it is published again.
    pub fn publish(&mut self) -> CanisterView {
        let code = self.code.as_mut().map(Code::publish);
        self.view_with(code)
    }

    fn view_with(&self, code: Option<CodeView>) -> CanisterView {
        CanisterView {
            id: self.id,
            settings: self.settings.clone(),
            status: self.status.clone(),
            version: self.version,
            cycles: self.cycles,
            global_timer: self.global_timer,
            logs: Arc::clone(&self.logs),
            chunk_bytes: self.chunk_bytes(),
            snapshots: Arc::clone(&self.snapshots),
            code,
        }
    }
}

impl Status {
    /// `ic0.canister_status`.
    pub fn code(&self) -> u32 {
        match self {
            Self::Running => 1,
            Self::Stopping(_) => 2,
            Self::Stopped => 3,
        }
    }

    /// Refuses new calls unless the canister is running.
    pub fn check_running(&self, id: Principal) -> Result<(), Rejection> {
        match self {
            Self::Running => Ok(()),
            Self::Stopping(_) => Err(Rejection::new(
                ErrorCode::CanisterStopping,
                format!("Canister {id} is stopping"),
            )),
            Self::Stopped => Err(Rejection::new(
                ErrorCode::CanisterStopped,
                format!("Canister {id} is stopped"),
            )),
        }
    }
}

/// The rejection for an id that no canister has.
pub fn not_found(id: Principal) -> Rejection {
    Rejection::new(
        ErrorCode::CanisterNotFound,
        format!("Canister {id} not found"),
    )
}

/// The rejection for a canister without code.
fn no_module(id: Principal) -> Rejection {
    let message = format!(
        "Error from Canister {id}: Attempted to execute a message, but the canister contains no Wasm module."
    );
    Rejection::new(ErrorCode::CanisterWasmModuleNotFound, message)
}

/// The rejection for a call that a canister has finished working on without answering it.
fn did_not_reply(id: Principal) -> Rejection {
    let message = format!("Error from Canister {id}: Canister did not reply to the call");
    Rejection::new(ErrorCode::CanisterDidNotReply, message)
}
