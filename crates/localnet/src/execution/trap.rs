//! Why an execution ended early, told in the replica's words.

use candid::Principal;

use super::memory::StableError;
use crate::rejection::{ErrorCode, Rejection};

/// What a System API function answers a misuse with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemError {
    /// `ic0.trap`.
    #[error("Canister called `ic0.trap` with message: '{0}'")]
    Trap(String),
    /// A call that the specification does not allow here.
    #[error("Canister violated contract: {0}")]
    Contract(String),
    /// A pointer out of the heap.
    #[error("Canister trapped: heap out of bounds")]
    HeapOutOfBounds,
    /// An access to stable memory that is not possible.
    #[error("{0}")]
    Stable(#[from] StableError),
    /// A 32-bit access to a stable memory that has outgrown it.
    #[error("Canister trapped: 32 bit stable memory api used on a memory larger than 4GB")]
    StableTooBig,
    /// More heap than the canister's settings allow.
    #[error(
        "Canister exceeded its current Wasm memory limit of {limit} bytes. The peak Wasm memory usage was {bytes} \
         bytes. The limit can be increased in the canister settings."
    )]
    WasmMemoryLimit {
        /// The limit.
        limit: u64,
        /// The size that was asked for.
        bytes: u64,
    },
    /// The heaps of all canisters take all the space there is for them.
    #[error("Canister cannot grow its memory usage: the network has no more space for heaps")]
    NoHeapRoom,
    /// More cycles to be sent than there are.
    #[error(
        "Canister {canister} is out of cycles: please top up the canister with at least {missing} additional cycles"
    )]
    OutOfCycles {
        /// The canister.
        canister: Principal,
        /// What is missing.
        missing: u128,
    },
}

impl SystemError {
    /// The replica's error code.
    fn code(&self) -> ErrorCode {
        match self {
            Self::Trap(_) => ErrorCode::CanisterCalledTrap,
            Self::Contract(_) => ErrorCode::CanisterContractViolation,
            Self::HeapOutOfBounds | Self::StableTooBig | Self::Stable(StableError::OutOfBounds) => {
                ErrorCode::CanisterTrapped
            }
            Self::Stable(StableError::TooManyWritten { .. }) => {
                ErrorCode::CanisterMemoryAccessLimitExceeded
            }
            Self::Stable(StableError::NoRoom) | Self::NoHeapRoom => ErrorCode::CanisterOutOfMemory,
            Self::WasmMemoryLimit { .. } => ErrorCode::CanisterWasmMemoryLimitExceeded,
            Self::OutOfCycles { .. } => ErrorCode::CanisterOutOfCycles,
        }
    }
}

/// An execution that did not end well; nothing of what it did is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trapped {
    /// The replica's error code.
    pub code: ErrorCode,
    /// What happened, without naming the canister.
    pub message: String,
}

impl Trapped {
    /// A trap of the given kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// What went wrong inside wasmtime, in the replica's words.
    pub fn from_wasmtime(error: &wasmtime::Error, instruction_limit: u64) -> Self {
        if let Some(error) = error.downcast_ref::<SystemError>() {
            return Self::new(error.code(), error.to_string());
        }
        match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::OutOfFuel) => Self::new(
                ErrorCode::CanisterInstructionLimitExceeded,
                format!(
                    "Canister exceeded the limit of {instruction_limit} instructions for single message execution."
                ),
            ),
            Some(trap) => Self::new(
                ErrorCode::CanisterTrapped,
                format!("Canister trapped: {}", describe(*trap)),
            ),
            None => Self::new(
                ErrorCode::CanisterTrapped,
                format!("Canister trapped: {error}"),
            ),
        }
    }

    /// The rejection that the caller gets.
    pub fn reject(&self, canister: Principal) -> Rejection {
        Rejection::new(
            self.code,
            format!("Error from Canister {canister}: {}", self.message),
        )
    }
}

fn describe(trap: wasmtime::Trap) -> String {
    use wasmtime::Trap;
    match trap {
        Trap::StackOverflow => "stack overflow".into(),
        Trap::MemoryOutOfBounds => "heap out of bounds".into(),
        Trap::TableOutOfBounds => "table out of bounds".into(),
        Trap::IntegerDivisionByZero => "integer division by 0".into(),
        Trap::UnreachableCodeReached => "unreachable".into(),
        other => other
            .to_string()
            .trim_start_matches("wasm trap: ")
            .to_owned(),
    }
}
