//! Web Authentication: what is to be signed becomes the challenge that an authenticator answers.
//!
//! The key is a COSE key (RFC 8152); ES256 and RS256 are what the interface specification allows.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_cbor::Value;
use sha2::{Digest, Sha256};

use super::SignatureError;
use crate::cbor;

/// Bytes of the longest key: RSA with 8192 bits, and the map around it.
const MAX_KEY_BYTES: usize = 1100;

/// A signature, as the interface specification lays it out.
#[derive(Deserialize)]
struct Assertion {
    #[serde(with = "serde_bytes")]
    authenticator_data: Vec<u8>,
    client_data_json: String,
    #[serde(with = "serde_bytes")]
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct ClientData {
    /// In base64url, without padding.
    challenge: String,
}

/// Checks that `signature` is an assertion for the challenge `message`, by the key `cose_key`.
pub(super) fn verify(
    cose_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let key = Key::decode(cose_key)?;
    let assertion: Assertion = cbor::decode(signature)
        .map_err(|e| SignatureError::WebAuthn(format!("it is no assertion: {e}")))?;
    let client_data: ClientData = serde_json::from_str(&assertion.client_data_json)
        .map_err(|e| SignatureError::WebAuthn(format!("its client data are malformed: {e}")))?;
    if client_data.challenge != BASE64_URL_SAFE_NO_PAD.encode(message) {
        let reason = "its challenge is not what had to be signed";
        return Err(SignatureError::WebAuthn(reason.into()));
    }
    let client_data_hash = Sha256::digest(&assertion.client_data_json);
    let signed = [assertion.authenticator_data.as_slice(), &client_data_hash].concat();
    key.verify(&signed, &assertion.signature)
}

enum Key {
    /// ECDSA on P-256: the uncompressed point.
    Es256(Vec<u8>),
    /// RSASSA-PKCS1-v1_5: modulus and exponent, big-endian.
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

impl Key {
    fn decode(cose_key: &[u8]) -> Result<Self, SignatureError> {
        // Labels of RFC 8152: key type (1), algorithm (3), and those of the key type.
        const KEY_TYPE: i64 = 1;
        const ALGORITHM: i64 = 3;
        if cose_key.len() > MAX_KEY_BYTES {
            return Err(SignatureError::MalformedKey);
        }
        let map: BTreeMap<i64, Value> =
            cbor::decode(cose_key).map_err(|_| SignatureError::MalformedKey)?;
        let integer = |label| match map.get(&label) {
            Some(Value::Integer(value)) => Ok(*value),
            _ => Err(SignatureError::MalformedKey),
        };
        let bytes = |label| match map.get(&label) {
            Some(Value::Bytes(value)) => Ok(value.as_slice()),
            _ => Err(SignatureError::MalformedKey),
        };
        match (integer(KEY_TYPE)?, integer(ALGORITHM)?) {
            (2, -7) if integer(-1)? == 1 => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(SignatureError::MalformedKey);
                }
                Ok(Self::Es256([&[0x04], x, y].concat()))
            }
            (3, -257) => Ok(Self::Rs256 {
                n: bytes(-1)?.to_vec(),
                e: bytes(-2)?.to_vec(),
            }),
            (key_type, algorithm) => Err(SignatureError::UnsupportedKey(format!(
                "COSE key type {key_type} with algorithm {algorithm}"
            ))),
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                .verify(message, signature)
                .map_err(|_| SignatureError::Mismatch("WebAuthn ES256")),
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .map_err(|_| SignatureError::Mismatch("WebAuthn RS256")),
        }
    }
}
