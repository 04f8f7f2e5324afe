//! Decodes an envelope.
//!
//! What has been signed is the map as the signer made it, so hashes are taken of the maps as they arrived:
//! fields that we do not know count like all others.

use std::borrow::Cow;

use ic_transport_types::{Delegation, EnvelopeContent, RequestId, to_request_id};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_cbor::Value;

use super::{IngressError, IngressLimits};
use crate::{bounded_cbor, cbor};

/// A request as it arrived.
pub(super) struct Envelope {
    pub id: RequestId,
    pub content: EnvelopeContent,
    /// Bytes of the nonce, which requests of every type may have.
    pub nonce_length: usize,
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

impl Envelope {
    pub fn decode(bytes: &[u8], limits: &IngressLimits) -> Result<Self, IngressError> {
        // First, as it is what bounds the memory that the second decoding takes.
        let arrived = bounded_cbor::decode(bytes, limits.max_items)?;
        let known: ic_transport_types::Envelope<'static> = cbor::decode(bytes)?;
        let proof = match (known.sender_pubkey, known.sender_sig) {
            (None, None) => None,
            (Some(public_key), Some(signature)) => Some(Proof {
                public_key,
                signature,
            }),
            _ => return Err(IngressError::HalfSigned),
        };
        let content = field(&arrived, "content");
        let maps = match field(&arrived, "sender_delegation") {
            Value::Array(maps) => maps.as_slice(),
            _ => &[],
        };
        let known_delegations = known.sender_delegation.unwrap_or_default().into_iter();
        let delegations = known_delegations.zip(maps).map(|(known, map)| {
            Ok(SignedDelegation {
                delegation: known.delegation,
                hash: to_request_id(&Hashed(field(map, "delegation")))?,
                signature: known.signature,
            })
        });
        Ok(Self {
            id: to_request_id(&Hashed(content))?,
            content: Cow::into_owned(known.content),
            nonce_length: match field(content, "nonce") {
                Value::Bytes(nonce) => nonce.len(),
                _ => 0,
            },
            proof,
            delegations: delegations.collect::<Result<_, IngressError>>()?,
        })
    }
}

/// A field of a map; null, which counts as absent, if there is none.
fn field<'v>(map: &'v Value, name: &str) -> &'v Value {
    let Value::Map(fields) = map else {
        return &Value::Null;
    };
    let named = |key: &Value| matches!(key, Value::Text(text) if text == name);
    let found = fields.iter().find(|(key, _)| named(key));
    found.map_or(&Value::Null, |(_, value)| value)
}

/// A value the way `to_request_id` hashes it: numbers in 64 bits, and null, which some encoders write for
/// a field that is absent, left out.
struct Hashed<'v>(&'v Value);

impl Serialize for Hashed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Integer(number) => match (u64::try_from(*number), i64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_u64(number),
                (_, Ok(number)) => serializer.serialize_i64(number),
                _ => Err(S::Error::custom("a number of more than 64 bits")),
            },
            Value::Array(items) => serializer.collect_seq(items.iter().map(Hashed)),
            Value::Map(fields) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in fields {
                    if *value != Value::Null {
                        map.serialize_entry(&Hashed(name), &Hashed(value))?;
                    }
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}
