//! The `IC-Certificate` header, made safe to verify.
//!
//! The verifying library has its own CBOR parser, which recurses as deep as the canister likes and reserves memory for
//! as many map entries as the canister announces: either would end the process. So the library only ever sees what a
//! bounded parser has read and written anew.

use base64::{Engine, engine::general_purpose::STANDARD};
use ic_certification::{Certificate, HashTree};
use serde::{Serialize, de::DeserializeOwned};

use crate::cbor::{self, CborError};

/// What is wrong with the header.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("the `{field}` of the IC-Certificate header is not Base64: {error}")]
    Base64 {
        field: &'static str,
        error: base64::DecodeError,
    },
    #[error("the `{field}` of the IC-Certificate header is not valid: {error}")]
    Cbor {
        field: &'static str,
        error: CborError,
    },
    #[error("the certificate has a delegation, but this network has one subnet only")]
    Delegation,
}

/// The header's value with the same meaning; fields without one are left out, and of several with the same name all but
/// the first.
pub(super) fn rewrite(value: &str) -> Result<String, HeaderError> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for field in value.split(',') {
        let Some((name, value)) = field.trim().split_once('=') else {
            continue;
        };
        if fields.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let value = value.trim_matches(':');
        let value = match name {
            "certificate" => certificate(value)?,
            "tree" => encode(&decode::<HashTree>("tree", value)?),
            "expr_path" => encode(&decode::<Vec<String>>("expr_path", value)?),
            "version" => value.to_owned(),
            _ => continue,
        };
        fields.push((name, value));
    }
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{name}=:{value}:"));
    Ok(fields.collect::<Vec<_>>().join(", "))
}

/// Whether a rewritten header is of version 2; without a version, it is of version 1.
pub(super) fn is_version_2(rewritten: &str) -> bool {
    rewritten.split(", ").any(|field| field == "version=:2:")
}

fn certificate(value: &str) -> Result<String, HeaderError> {
    let certificate: Certificate = decode("certificate", value)?;
    match certificate.delegation {
        None => Ok(encode(&certificate)),
        Some(_) => Err(HeaderError::Delegation),
    }
}

fn decode<T: DeserializeOwned>(field: &'static str, value: &str) -> Result<T, HeaderError> {
    let bytes = STANDARD
        .decode(value)
        .map_err(|error| HeaderError::Base64 { field, error })?;
    cbor::decode(&bytes).map_err(|error| HeaderError::Cbor { field, error })
}

fn encode<T: Serialize>(value: &T) -> String {
    STANDARD.encode(cbor::encode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: &[u8]) -> String {
        format!("tree=:{}:, version=2", STANDARD.encode(bytes))
    }

    #[test]
    fn the_meaning_stays() {
        let tree: HashTree = ic_certification::leaf(b"content".to_vec());
        let value = rewrite(&format!("{}, other=:AA==:", header(&cbor::encode(&tree)))).unwrap();
        let expected = format!("tree=:{}:, version=:2:", encode(&tree));
        assert_eq!(value, expected);
    }

    #[test]
    fn what_would_exhaust_stack_or_memory_is_refused() {
        let deep = vec![0x81; 1 << 20];
        let tags = vec![0xc1; 1 << 20];
        let wide = [0xbb, 0, 0, 0x10, 0, 0, 0, 0, 0];
        for bytes in [deep.as_slice(), &tags, &wide] {
            assert!(matches!(
                rewrite(&header(bytes)),
                Err(HeaderError::Cbor { .. })
            ));
        }
        let certificate = header(&wide).replace("tree", "certificate");
        assert!(rewrite(&certificate).is_err());
        assert!(matches!(
            rewrite("tree=:?:"),
            Err(HeaderError::Base64 { .. })
        ));
    }
}
