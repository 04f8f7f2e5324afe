//! Decodes an envelope.
//!
//! What has been signed is the map as the signer made it, so hashes are taken of the map as it
//! arrived: fields that we do not know count like all others.

use ciborium::Value;
use ic_transport_types::{Delegation, EnvelopeContent, RequestId, to_request_id};
use serde::Deserialize;
use serde_bytes::ByteBuf;

use super::IngressError;
use crate::cbor::{self, CborError};

/// A request as it arrived.
pub(super) struct Envelope {
    pub id: RequestId,
    pub content: EnvelopeContent,
    pub proof: Option<Proof>,
    pub delegations: Vec<SignedDelegation>,
}

/// The sender's key, and the signature of the request by it or by the last key it has delegated to.
pub(super) struct Proof {
    pub public_key: Vec<u8>,
    pub signature: Vec<u8>,
}

pub(super) struct SignedDelegation {
    pub delegation: Delegation,
    /// The hash that was signed.
    pub hash: RequestId,
    pub signature: Vec<u8>,
}

#[derive(Deserialize)]
struct RawEnvelope {
    content: Value,
    sender_pubkey: Option<ByteBuf>,
    sender_sig: Option<ByteBuf>,
    #[serde(default)]
    sender_delegation: Option<Vec<RawSignedDelegation>>,
}

#[derive(Deserialize)]
struct RawSignedDelegation {
    delegation: Value,
    signature: ByteBuf,
}

impl Envelope {
    pub fn decode(bytes: &[u8]) -> Result<Self, IngressError> {
        let raw: RawEnvelope = cbor::decode(bytes)?;
        let (content, id) = hashed(raw.content)?;
        let proof = match (raw.sender_pubkey, raw.sender_sig) {
            (None, None) => None,
            (Some(public_key), Some(signature)) => Some(Proof {
                public_key: public_key.into_vec(),
                signature: signature.into_vec(),
            }),
            _ => return Err(IngressError::HalfSigned),
        };
        let delegations = raw.sender_delegation.unwrap_or_default().into_iter();
        Ok(Self {
            id,
            content,
            proof,
            delegations: delegations
                .map(TryFrom::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<RawSignedDelegation> for SignedDelegation {
    type Error = IngressError;

    fn try_from(raw: RawSignedDelegation) -> Result<Self, IngressError> {
        let (delegation, hash) = hashed(raw.delegation)?;
        Ok(Self {
            delegation,
            hash,
            signature: raw.signature.into_vec(),
        })
    }
}

/// The map as a value of `T`, and its representation-independent hash.
fn hashed<T: for<'de> Deserialize<'de>>(mut map: Value) -> Result<(T, RequestId), IngressError> {
    if let Value::Map(fields) = &mut map {
        // Some encoders write an absent field as null; it is no part of what is hashed.
        fields.retain(|(_, value)| !value.is_null());
    }
    let id = to_request_id(&map)?;
    let value = map
        .deserialized()
        .map_err(|error| CborError::Structure(structure(error)))?;
    Ok((value, id))
}

fn structure(error: ciborium::value::Error) -> String {
    let ciborium::value::Error::Custom(text) = error;
    text
}
