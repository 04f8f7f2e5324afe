//! What can go wrong with a request, and what that says of the request's fate.

use std::time::Duration;

use ic_transport_types::RejectResponse;
use ic_ws_protocol::{OutcomeError, Rejection, cbor::CborError};
use reqwest::StatusCode;
use thiserror::Error;

use crate::quote::quote;

/// The reject code "SYS_TRANSIENT" of the interface specification: a retry may succeed.
const SYS_TRANSIENT: u64 = 2;

/// The network's codes for a canister that is stopped or stopping, as it is for some upgrades.
const STOPPED: [&str; 2] = ["IC0508", "IC0509"];

/// The network has not done what was asked.
#[derive(Debug, Error)]
pub(crate) enum NetworkError {
    #[error("the network cannot be reached: {}", with_sources(.0))]
    Unreachable(reqwest::Error),
    #[error("the network answered {status}: {text}")]
    Status { status: StatusCode, text: String },
    #[error("the network's answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the network's answer is malformed: {0}")]
    Malformed(#[from] CborError),
    #[error(transparent)]
    NoOutcome(#[from] OutcomeError),
    #[error("rejected with code {}: {}", .rejection.code, quote(&.rejection.message))]
    Rejected {
        rejection: Rejection,
        error_code: Option<String>,
    },
    #[error("the network has not decided within {0:?}")]
    Undecided(Duration),
    #[error("too many calls were on their way for {0:?}")]
    Busy(Duration),
    /// Nobody knows what becomes of a call that was posted before with another answer, or none.
    #[error("not decided, and refused when posted again: {0}")]
    RefusedAgain(Box<Self>),
}

impl From<reqwest::Error> for NetworkError {
    /// The network's URL may have a key in it, and everyone is told of errors.
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

impl From<RejectResponse> for NetworkError {
    fn from(reject: RejectResponse) -> Self {
        Self::Rejected {
            rejection: Rejection {
                code: reject.reject_code as u64,
                message: reject.reject_message,
            },
            error_code: reject.error_code,
        }
    }
}

impl NetworkError {
    /// Why the request was understood, and denied; nothing if it was not.
    pub(crate) fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Rejected { rejection, .. } => Some(rejection.clone()),
            Self::Status { status, text } if status.is_client_error() => Some(Rejection {
                code: status.as_u16().into(),
                message: text.clone(),
            }),
            Self::Busy(_) => Some(Rejection {
                code: StatusCode::SERVICE_UNAVAILABLE.as_u16().into(),
                message: self.to_string(),
            }),
            _ => None,
        }
    }

    /// Whether the network has not taken the request.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.is_connect(),
            error => error.rejection().is_some(),
        }
    }

    /// Whether such a request may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Undecided(_) | Self::Busy(_) => true,
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Rejected {
                rejection,
                error_code,
            } => {
                rejection.code == SYS_TRANSIENT
                    || error_code.as_deref().is_some_and(|e| STOPPED.contains(&e))
            }
            _ => false,
        }
    }
}

/// `reqwest` says only in its sources what went wrong.
fn with_sources(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
