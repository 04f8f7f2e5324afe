//! Why a request was refused or failed, in the terms clients know: the interface specification's reject codes and the
//! replica's error codes.

use std::{borrow::Cow, fmt};

use ic_transport_types::{RejectCode as UserRejectCode, RejectResponse};
use serde::{Deserialize, Serialize};

/// Bytes of a rejection's message; the rest of a longer one is cut off.
pub const MAX_MESSAGE_BYTES: usize = 8 << 10;

/// The specification's reject codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum RejectCode {
    /// A fatal error of the system; a retry is unlikely to help.
    SysFatal = 1,
    /// A passing error of the system; a retry may help.
    SysTransient = 2,
    /// There is no such destination.
    DestinationInvalid = 3,
    /// The canister rejected explicitly.
    CanisterReject = 4,
    /// The canister failed.
    CanisterError = 5,
    /// The caller stopped waiting, so it is unknown what became of a bounded-wait call. Only canisters get to see it.
    SysUnknown = 6,
}

impl From<RejectCode> for u8 {
    fn from(code: RejectCode) -> Self {
        code as Self
    }
}

/// A number that is no reject code.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no reject code")]
pub struct UnknownRejectCode(u8);

impl TryFrom<u8> for RejectCode {
    type Error = UnknownRejectCode;

    fn try_from(code: u8) -> Result<Self, UnknownRejectCode> {
        Ok(match code {
            1 => Self::SysFatal,
            2 => Self::SysTransient,
            3 => Self::DestinationInvalid,
            4 => Self::CanisterReject,
            5 => Self::CanisterError,
            6 => Self::SysUnknown,
            _ => return Err(UnknownRejectCode(code)),
        })
    }
}

impl From<RejectCode> for UserRejectCode {
    fn from(code: RejectCode) -> Self {
        match code {
            RejectCode::SysFatal => Self::SysFatal,
            // No request of a user ends unknown: nothing stops waiting for one.
            RejectCode::SysTransient | RejectCode::SysUnknown => Self::SysTransient,
            RejectCode::DestinationInvalid => Self::DestinationInvalid,
            RejectCode::CanisterReject => Self::CanisterReject,
            RejectCode::CanisterError => Self::CanisterError,
        }
    }
}

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
            reject_code: rejection.code.into(),
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
    IngressMessageTimeout = 202,
    IngressHistoryFull = 204,
    CanisterIdAlreadyExists = 205,
    StopCanisterRequestTimeout = 206,
    CanisterOutOfCycles = 207,
    CertifiedStateUnavailable = 208,
    CanisterNotFound = 301,
    CanisterSnapshotNotFound = 305,
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
    InsufficientCyclesInCall = 520,
    CanisterInstructionLimitExceeded = 522,
    CanisterMemoryAccessLimitExceeded = 524,
    QueryCallGraphTooDeep = 525,
    QueryCallGraphTotalInstructionLimitExceeded = 526,
    CompositeQueryCalledInReplicatedMode = 527,
    CanisterMethodNotFound = 536,
    CanisterWasmModuleNotFound = 537,
    CanisterWasmMemoryLimitExceeded = 539,
    DeadlineExpired = 601,
}

impl ErrorCode {
    /// The specification's reject code this error belongs to.
    pub fn reject_code(self) -> RejectCode {
        match self as u16 / 100 {
            1 => RejectCode::SysFatal,
            2 => RejectCode::SysTransient,
            3 => RejectCode::DestinationInvalid,
            4 => RejectCode::CanisterReject,
            5 => RejectCode::CanisterError,
            _ => RejectCode::SysUnknown,
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
