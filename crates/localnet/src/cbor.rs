//! CBOR as the interface specification wants it: every top-level value carries the self-describe
//! tag on the way out; on the way in the tag is optional, and nothing may follow the value.

use serde::{Serialize, de::DeserializeOwned};

/// CBOR tag 55799, "self-described CBOR" (RFC 8949, section 3.4.6).
const SELF_DESCRIBE_TAG: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// Why bytes are not the CBOR that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The bytes are not well-formed CBOR.
    #[error("malformed CBOR at byte {0}")]
    Malformed(usize),
    /// The bytes end in the middle of a value.
    #[error("the CBOR ends too early")]
    Truncated,
    /// The bytes are CBOR, but not of the expected structure.
    #[error("{0}")]
    Structure(String),
    /// More bytes follow the value.
    #[error("{0} bytes follow the CBOR value")]
    Trailing(usize),
}

/// Encodes `value` with the self-describe tag in front.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = SELF_DESCRIBE_TAG.to_vec();
    if let Err(error) = ciborium::into_writer(value, &mut bytes) {
        // Writing to a vector cannot fail, and none of our types refuses to serialize.
        unreachable!("CBOR encoding failed: {error}");
    }
    bytes
}

/// Decodes exactly one value.
///
/// # Errors
/// If the bytes are malformed, of another structure than `T`, or followed by more bytes.
pub fn decode<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, CborError> {
    use ciborium::de::Error;
    let value = ciborium::from_reader(&mut bytes).map_err(|error| match error {
        Error::Io(_) => CborError::Truncated,
        Error::Syntax(offset) => CborError::Malformed(offset),
        Error::Semantic(_, text) => CborError::Structure(text),
        Error::RecursionLimitExceeded => CborError::Structure("nested too deeply".into()),
    })?;
    match bytes.len() {
        0 => Ok(value),
        rest => Err(CborError::Trailing(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_describe_tag_is_written_and_optional_when_read() {
        let bytes = encode(&vec![1_u8, 2]);
        assert_eq!(bytes, [0xd9, 0xd9, 0xf7, 0x82, 1, 2]);
        assert_eq!(decode::<Vec<u8>>(&bytes), Ok(vec![1, 2]));
        assert_eq!(decode::<Vec<u8>>(&bytes[3..]), Ok(vec![1, 2]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(decode::<Vec<u8>>(&[0x82, 1]), Err(CborError::Truncated));
        assert_eq!(decode::<u8>(&[1, 2, 3]), Err(CborError::Trailing(2)));
        assert!(matches!(
            decode::<u8>(&[0x61, b'a']),
            Err(CborError::Structure(_))
        ));
        assert!(matches!(decode::<u8>(&[0xff]), Err(_)));
    }
}
