//! CBOR (RFC 8949) as the protocol uses it: every top-level item carries the self-describe tag 55799 when
//! written, and may lack it when read.

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// The encoded self-describe tag 55799, RFC 8949 section 3.4.6.
pub const SELF_DESCRIBE_TAG: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// Bounds the stack that hostile input can use. Deep enough for the witness of a tree with billions of leaves.
const RECURSION_LIMIT: usize = 512;

/// The bytes are not the CBOR item that was expected.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CborError {
    /// Not well-formed, cut off, or of another shape than expected.
    #[error("malformed CBOR: {0}")]
    Malformed(String),
    /// A well-formed item, then more bytes.
    #[error("{0} bytes after the end of the CBOR item")]
    TrailingBytes(usize),
}

/// Encodes `value` with the self-describe tag in front.
///
/// # Errors
/// When `value` serializes to something CBOR cannot hold.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CborError> {
    let mut bytes = SELF_DESCRIBE_TAG.to_vec();
    ciborium::into_writer(value, &mut bytes).map_err(|e| CborError::Malformed(e.to_string()))?;
    Ok(bytes)
}

/// Decodes one item that fills `bytes`, with or without the self-describe tag in front.
///
/// # Errors
/// When `bytes` is not exactly one item of type `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CborError> {
    let mut rest = untagged(bytes);
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, RECURSION_LIMIT)
        .map_err(|e| CborError::Malformed(e.to_string()))?;
    match rest.len() {
        0 => Ok(value),
        n => Err(CborError::TrailingBytes(n)),
    }
}

/// `bytes` without the self-describe tag, if it was there.
pub fn untagged(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&SELF_DESCRIBE_TAG).unwrap_or(bytes)
}
