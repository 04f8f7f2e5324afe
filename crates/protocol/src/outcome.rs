//! What a certificate says of a call (interface specification, "Request status").
//!
//! Here, not in [`verify`](crate::verify), as a gateway reads it without verifying anything.

use ic_certification::{HashTree, LookupResult};
use ic_transport_types::RequestId;
use thiserror::Error;

use crate::{frame::Rejection, verify::CertificateError};

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// The canister replied: Candid, as a rule.
    Replied(Vec<u8>),
    /// The canister or the network rejected it. The same call cannot be executed any more.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// The network's finer code, such as `IC0503`, where it gives one.
        error_code: Option<String>,
    },
}

/// A certificate does not tell how a call ended.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum OutcomeError {
    /// The certificate is not valid.
    #[error("the certificate is not valid: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate is of something else, or lacks a part.
    #[error("the certificate does not hold the call's {0}")]
    Missing(&'static str),
    /// The call ended so long ago that the network knows nothing more of it.
    #[error("the network has forgotten how the call ended")]
    Forgotten,
}

impl CallOutcome {
    /// What `tree` says of the call `id`; nothing if that is not decided yet.
    ///
    /// # Errors
    /// When it does not say how the call ended, nor that it is under way.
    pub fn find(tree: &HashTree, id: &RequestId) -> Result<Option<Self>, OutcomeError> {
        let required = |name| lookup(tree, id, name).ok_or(OutcomeError::Missing(name));
        match required("status")? {
            b"replied" => Ok(Some(Self::Replied(required("reply")?.to_vec()))),
            b"rejected" => Ok(Some(Self::Rejected {
                rejection: Rejection {
                    code: leb128::read::unsigned(&mut required("reject_code")?)
                        .map_err(|_| OutcomeError::Missing("reject_code"))?,
                    message: text(required("reject_message")?),
                },
                error_code: lookup(tree, id, "error_code").map(text),
            })),
            b"done" => Err(OutcomeError::Forgotten),
            _ => Ok(None),
        }
    }
}

fn lookup<'a>(tree: &'a HashTree, id: &RequestId, name: &str) -> Option<&'a [u8]> {
    match tree.lookup_path([b"request_status", id.as_slice(), name.as_bytes()]) {
        LookupResult::Found(value) => Some(value),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
