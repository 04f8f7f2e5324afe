//! The binary WebSocket frames between client and gateway.

use candid::Principal;
use ic_transport_types::Envelope;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cbor::{self, CborError, SELF_DESCRIBE_TAG};

/// Gateway to client, once, as soon as the socket is open.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeFrame {
    /// Who the gateway is: the client passes it on in `ws_open`.
    pub gateway_principal: Principal,
}

impl HandshakeFrame {
    /// Encodes the frame.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode(&self) -> Result<Vec<u8>, CborError> {
        cbor::to_vec(self)
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// When `bytes` is not exactly one such frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        cbor::from_slice(bytes)
    }
}

/// Client to gateway: a signed call for the gateway to relay.
#[derive(Debug, Clone)]
pub struct ClientFrame {
    /// The call, for the gateway to look at.
    pub envelope: Envelope<'static>,
    /// The same call, to the byte as the client sent it (with the self-describe tag), for the gateway to
    /// relay: it keeps what this version does not know of.
    pub envelope_bytes: Vec<u8>,
}

/// The bytes are not a [`ClientFrame`].
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum ClientFrameError {
    /// The frame or the envelope in it is malformed.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// The frame is a map of other fields.
    #[error("the frame is not a map of the one field 'envelope'")]
    NotAnEnvelope,
}

impl ClientFrame {
    /// A CBOR map of one pair whose key is the text `envelope`: what every frame starts with after the tag.
    const PREFIX: [u8; 10] = *b"\xa1\x68envelope";

    /// Encodes a frame around an encoded envelope (with or without its self-describe tag).
    pub fn encode(envelope_bytes: &[u8]) -> Vec<u8> {
        [
            &SELF_DESCRIBE_TAG,
            &Self::PREFIX[..],
            cbor::untagged(envelope_bytes),
        ]
        .concat()
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// When `bytes` is not exactly one such frame around a well-formed envelope.
    pub fn decode(bytes: &[u8]) -> Result<Self, ClientFrameError> {
        let envelope_bytes = cbor::untagged(bytes)
            .strip_prefix(&Self::PREFIX)
            .ok_or(ClientFrameError::NotAnEnvelope)?;
        let envelope_bytes = cbor::untagged(envelope_bytes);
        let envelope = cbor::from_slice(envelope_bytes)?;
        Ok(Self {
            envelope,
            envelope_bytes: [&SELF_DESCRIBE_TAG, envelope_bytes].concat(),
        })
    }
}

/// Gateway to client: one message of the canister, with what proves it.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct CanisterFrame {
    /// The text of the message's [`MessageKey`](crate::MessageKey).
    pub key: String,
    /// A [`WebsocketMessage`](crate::WebsocketMessage) as CBOR.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    /// The IC certificate of the canister's certified data.
    #[serde(with = "serde_bytes")]
    pub cert: Vec<u8>,
    /// The witness for `key`: a CBOR hash tree whose root hash is the certified data.
    #[serde(with = "serde_bytes")]
    pub tree: Vec<u8>,
}

impl CanisterFrame {
    /// Encodes the frame.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode(&self) -> Result<Vec<u8>, CborError> {
        cbor::to_vec(self)
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// When `bytes` is not exactly one such frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        cbor::from_slice(bytes)
    }
}
