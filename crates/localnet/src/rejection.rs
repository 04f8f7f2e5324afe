//! Why a request was refused or failed, in the terms clients know: the interface specification's reject codes and the
//! replica's error codes.

use std::{borrow::Cow, fmt};

use ic_transport_types::{RejectCode, RejectResponse};
use serde::{Deserialize, Serialize};

/// Bytes of a rejection's message; the rest of a longer one is cut off.
const MAX_MESSAGE_BYTES: usize = 8 << 10;

/// A request that the network or a canister refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({error_code})")]
pub struct Rejection {
    /// The specification's reject code.
    pub code: RejectCode,
    /// The replica's finer error code, such as `IC0503`.
    pub error_code: Cow<'static, str>,
    /// What went wrong, for people.
    pub message: String,
}

impl Rejection {
    /// A rejection whose reject code follows from the error code. Only the first 8 KiB of the message are kept, as
    /// canisters can make it as long as they like, and rejections are stored.
    pub fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_MESSAGE_BYTES {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
            message.shrink_to_fit();
        }
        Self {
            code: error.reject_code(),
            error_code: error.to_string().into(),
            message,
        }
    }
}

impl From<Rejection> for RejectResponse {
    fn from(rejection: Rejection) -> Self {
        Self {
            reject_code: rejection.code,
            reject_message: rejection.message,
            error_code: Some(rejection.error_code.into_owned()),
        }
    }
}

/// The replica's error codes, as far as this network gives them. The hundreds digit is the reject code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[expect(missing_docs, reason = "the names are the replica's own")]
pub enum ErrorCode {
    MaxNumberOfCanistersReached = 102,
    CanisterQueueFull = 201,
    IngressHistoryFull = 204,
    CanisterIdAlreadyExists = 205,
    CertifiedStateUnavailable = 208,
    CanisterNotFound = 301,
    CanisterRejectedMessage = 406,
    UnknownManagementMessage = 407,
    InvalidManagementPayload = 408,
    CanisterTrapped = 502,
    CanisterCalledTrap = 503,
    CanisterContractViolation = 504,
    CanisterInvalidWasm = 505,
    CanisterDidNotReply = 506,
    CanisterOutOfMemory = 507,
    CanisterStopped = 508,
    CanisterStopping = 509,
    CanisterNotStopped = 510,
    CanisterStoppingCancelled = 511,
    CanisterInvalidController = 512,
    CanisterNonEmpty = 514,
    CanisterInstructionLimitExceeded = 522,
    CompositeQueryCalledInReplicatedMode = 527,
    CanisterMethodNotFound = 536,
    CanisterWasmModuleNotFound = 537,
}

impl ErrorCode {
    /// The specification's reject code this error belongs to.
    pub fn reject_code(self) -> RejectCode {
        match self as u16 / 100 {
            1 => RejectCode::SysFatal,
            2 => RejectCode::SysTransient,
            3 => RejectCode::DestinationInvalid,
            4 => RejectCode::CanisterReject,
            _ => RejectCode::CanisterError,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IC{:04}", *self as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = "€".repeat(MAX_MESSAGE_BYTES);
        let rejection = Rejection::new(ErrorCode::CanisterCalledTrap, long.as_str());
        assert_eq!(rejection.message.len(), MAX_MESSAGE_BYTES / 3 * 3);
        assert!(long.starts_with(&rejection.message));
        let fitting = "a".repeat(MAX_MESSAGE_BYTES);
        let rejection = Rejection::new(ErrorCode::CanisterCalledTrap, fitting.as_str());
        assert_eq!(rejection.message, fitting);
    }
}
