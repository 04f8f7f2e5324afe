//! The `content` of a canister's message to many, which is mostly the same for all: what is, is encoded only once.
//!
//! In the maps of CBOR the order of entries means nothing. Here those that are shared come first, so that a hash over
//! them can be shared, too.

use serde::Serialize;

use crate::{
    candid_types::ClientKey,
    cbor::{self, CborError, SELF_DESCRIBE_TAG},
};

/// The first byte of a map with so many entries, of up to 23.
const MAP: u8 = 0xa0;

/// What a [`WebsocketMessage`](crate::WebsocketMessage) to one recipient has in common with those to others, as CBOR
/// that goes on with what is [`own`](Self::own) to one of them.
///
/// ```
/// # use ic_ws_protocol::*;
/// # let client_key = ClientKey { client_principal: candid::Principal::anonymous(), client_nonce: 7 };
/// let shared = SharedContent::new(b"to all", 1_700_000_000_000_000_000, false)?;
/// let message = [shared.as_bytes(), &SharedContent::own(&client_key, 1)?].concat();
/// assert_eq!(WebsocketMessage::from_cbor(&message)?.content, b"to all");
/// # Ok::<_, cbor::CborError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SharedContent(Vec<u8>);

#[derive(Serialize)]
struct Shared<'a> {
    #[serde(with = "serde_bytes")]
    content: &'a [u8],
    timestamp: u64,
    is_service_message: bool,
}

#[derive(Serialize)]
struct Own<'a> {
    sequence_num: u64,
    client_key: &'a ClientKey,
}

impl SharedContent {
    /// Encodes `content`, sent at `timestamp` (nanoseconds since 1970).
    ///
    /// # Errors
    /// None in practice: every message has a CBOR form.
    pub fn new(
        content: &[u8],
        timestamp: u64,
        is_service_message: bool,
    ) -> Result<Self, CborError> {
        let mut bytes = cbor::to_vec(&Shared {
            content,
            timestamp,
            is_service_message,
        })?;
        bytes[SELF_DESCRIBE_TAG.len()] = MAP + 5;
        Ok(Self(bytes))
    }

    /// The first part of the message's CBOR.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The rest of it: which message to `client_key` it is.
    ///
    /// # Errors
    /// None in practice, as with [`new`](Self::new).
    pub fn own(client_key: &ClientKey, sequence_num: u64) -> Result<Vec<u8>, CborError> {
        let mut bytes = cbor::to_vec(&Own {
            sequence_num,
            client_key,
        })?;
        bytes.drain(..=SELF_DESCRIBE_TAG.len());
        Ok(bytes)
    }
}
