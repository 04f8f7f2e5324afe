//! CBOR (RFC 8949) as the protocol uses it: every top-level item carries the self-describe tag 55799 when
//! written, and may lack it when read.
//!
//! `serde_cbor` it is, because the types of `ic-certification` and `ic-transport-types` are written for it: they
//! decode from borrowed bytes, which `ciborium` never hands out.

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// The encoded self-describe tag 55799, RFC 8949 section 3.4.6.
pub const SELF_DESCRIBE_TAG: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// The bytes are not exactly the CBOR item that was expected: not well-formed, cut off, too long, nested too
/// deeply or of another shape.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("malformed CBOR: {0}")]
pub struct CborError(String);

impl CborError {
    /// It is well-formed, but not what was `expected`.
    pub(crate) fn expected(expected: &str) -> Self {
        Self(format!("not {expected}"))
    }
}

impl From<serde_cbor::Error> for CborError {
    fn from(error: serde_cbor::Error) -> Self {
        Self(error.to_string())
    }
}

/// Encodes `value` with the self-describe tag in front.
///
/// # Errors
/// When `value` serializes to something CBOR cannot hold.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CborError> {
    to_vec_of_about(value, 0)
}

/// [`to_vec`], for what will take about `size` bytes: they are allocated at once.
pub(crate) fn to_vec_of_about<T: Serialize>(value: &T, size: usize) -> Result<Vec<u8>, CborError> {
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&SELF_DESCRIBE_TAG);
    serde_cbor::to_writer(&mut bytes, value)?;
    Ok(bytes)
}

/// Decodes one item that fills `bytes`, with or without the self-describe tag in front.
///
/// # Errors
/// When `bytes` is not exactly one item of type `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CborError> {
    Ok(serde_cbor::from_slice(untagged(bytes))?)
}

/// `bytes` without the self-describe tag, if it was there.
pub fn untagged(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&SELF_DESCRIBE_TAG).unwrap_or(bytes)
}
