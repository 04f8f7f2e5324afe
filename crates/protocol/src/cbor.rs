//! CBOR (RFC 8949) as the protocol uses it: every top-level item carries the self-describe tag 55799 when
//! written, and may lack it when read.
//!
//! `cbor4ii` it is: the types of `ic-certification` decode from borrowed bytes, which `ciborium` never hands out, and what
//! `serde_cbor` adds to a page for each type that it decodes is many times as much.

use std::{collections::TryReserveError, convert::Infallible};

use cbor4ii::{
    core::{
        dec::{self, Read as _},
        utils::{BufWriter, SliceReader},
    },
    serde::{DecodeError, Deserializer, EncodeError, Serializer},
};
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

impl From<DecodeError<Infallible>> for CborError {
    fn from(error: DecodeError<Infallible>) -> Self {
        Self(match error {
            DecodeError::Custom(message) => message.into(),
            DecodeError::Core(dec::Error::Eof { .. }) => "it is cut off".into(),
            DecodeError::Core(dec::Error::RequireLength { name, .. }) => {
                format!("a {name} has another length")
            }
            DecodeError::Core(dec::Error::DepthOverflow { .. }) => "it is nested too deeply".into(),
            DecodeError::Core(dec::Error::Mismatch { name, found }) => {
                format!("an item that begins with {found:#04x} is no {name}")
            }
            DecodeError::Core(error) => format!("{error:?}"),
        })
    }
}

impl From<EncodeError<TryReserveError>> for CborError {
    fn from(error: EncodeError<TryReserveError>) -> Self {
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
    let mut serializer = Serializer::new(BufWriter::new(bytes));
    value.serialize(&mut serializer)?;
    Ok(serializer.into_inner().into_inner())
}

/// Decodes one item that fills `bytes`, with or without the self-describe tag in front.
///
/// # Errors
/// When `bytes` is not exactly one item of type `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CborError> {
    let mut deserializer = Deserializer::new(SliceReader::new(untagged(bytes)));
    let value = T::deserialize(&mut deserializer)?;
    is_at_end(deserializer.into_inner())
        .then_some(value)
        .ok_or_else(|| CborError::expected("one item only"))
}

fn is_at_end(mut reader: SliceReader<'_>) -> bool {
    let Ok(rest) = reader.fill(1);
    rest.as_ref().is_empty()
}

/// `bytes` without the self-describe tag, if it was there.
pub fn untagged(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&SELF_DESCRIBE_TAG).unwrap_or(bytes)
}
