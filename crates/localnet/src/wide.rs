//! 128-bit numbers in the state on disk: the CBOR library stops at 64 bits, so they are stored as bytes.

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
use serde_bytes::ByteBuf;

pub fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(&value.to_be_bytes())
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    let bytes = ByteBuf::deserialize(deserializer)?;
    let bytes = <[u8; 16]>::try_from(bytes.as_slice())
        .map_err(|_| D::Error::custom("a 128-bit number has 16 bytes"))?;
    Ok(u128::from_be_bytes(bytes))
}
