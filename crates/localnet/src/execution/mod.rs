//! Executing one message in one canister: from module bytes and committed memories to effects and changed memories.
//!
//! Nothing here knows of queues, calls in flight or certificates being made; see `executor` for that.

mod compiled_cache;
mod engine;
mod entry;
mod instance;
mod memory;
mod module_rules;
mod state;
mod system_api;
mod trap;
mod wasm;

pub use engine::{CanisterModule, Engine, EngineError};
pub use entry::EntryPoint;
pub use instance::{Code, CodeView, Execution, GlobalValue, Target};
pub use memory::{Heap, HeapChanges, PAGE, StableLimits, StableMemory, WASM_PAGE};
pub use state::{
    Closure, Effects, Environment, Input, LOG_LINE_OVERHEAD, Limits, OutgoingCall, SystemState,
};
pub use trap::Trapped;
