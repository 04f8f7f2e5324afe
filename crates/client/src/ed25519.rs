//! Ed25519 keys as the network has them: in the DER form of RFC 8410.

use ed25519_dalek::{Signature, VerifyingKey};

/// Everything of an encoded public key but the key.
const DER_PREFIX: &[u8; 12] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The DER form of a public key.
pub(crate) fn to_der(key: &VerifyingKey) -> Vec<u8> {
    [DER_PREFIX, key.as_bytes().as_slice()].concat()
}

/// Reads a DER-encoded public key; nothing if it is one of another kind, or none.
pub(crate) fn from_der(der: &[u8]) -> Option<VerifyingKey> {
    let key = der.strip_prefix(DER_PREFIX)?;
    VerifyingKey::from_bytes(key.try_into().ok()?).ok()
}

/// Whether `signature` is one of `message` by `key`.
pub(crate) fn is_signed(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}
