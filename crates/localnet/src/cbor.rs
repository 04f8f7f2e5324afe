//! CBOR as the interface specification wants it: every top-level value carries the self-describe
//! tag on the way out; on the way in the tag is optional, and nothing may follow the value.
//!
//! It is `serde_cbor` because the types of `ic-transport-types` and `ic-certification` need byte strings
//! that are borrowed from the input, which no other CBOR library for serde hands out.

use serde::{Serialize, de::DeserializeOwned};

/// Bytes that are not the CBOR that was expected; the text says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CborError(String);

/// Encodes `value` with the self-describe tag in front.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut serializer = serde_cbor::Serializer::new(Vec::new());
    let written = serializer
        .self_describe()
        .and_then(|()| value.serialize(&mut serializer));
    if let Err(error) = written {
        // Writing to a vector cannot fail, and none of our types refuses to be serialized.
        unreachable!("CBOR encoding failed: {error}");
    }
    serializer.into_inner()
}

/// Decodes exactly one value.
///
/// # Errors
/// If the bytes are malformed, of another structure than `T`, or followed by more bytes.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CborError> {
    Ok(serde_cbor::from_slice(bytes)?)
}

impl From<serde_cbor::Error> for CborError {
    fn from(error: serde_cbor::Error) -> Self {
        Self(error.to_string())
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
        let error = |bytes| decode::<Vec<u8>>(bytes).unwrap_err().to_string();
        assert!(error(&[0x82, 1]).contains("EOF"), "{}", error(&[0x82, 1]));
        assert!(
            error(&[0x80, 1]).contains("trailing"),
            "{}",
            error(&[0x80, 1])
        );
        assert!(error(b"\x61a").contains("expected"), "{}", error(b"\x61a"));
        assert!(!error(&[0xff]).is_empty());
    }
}
