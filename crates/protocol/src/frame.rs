//! The binary WebSocket frames between client and gateway.

use candid::Principal;
use ic_transport_types::{Envelope, RequestId};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf, Bytes};
use thiserror::Error;

use crate::cbor::{self, CborError, SELF_DESCRIBE_TAG};

/// The WebSocket subprotocol with which a client asks for [`ReceiptFrame`]s, and a gateway promises them.
pub const RECEIPTS_SUBPROTOCOL: &str = "icws.receipts.1";

/// More than what a [`CanisterFrame`] has beside its parts.
const FRAME_OVERHEAD: usize = 64;

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
        Self::encode_parts(&self.key, &self.content, &self.cert, &self.tree)
    }

    /// Encodes the frame of these parts, which are copied once.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode_parts(
        key: &str,
        content: &[u8],
        cert: &[u8],
        tree: &[u8],
    ) -> Result<Vec<u8>, CborError> {
        #[derive(Serialize)]
        struct Parts<'a> {
            key: &'a str,
            content: &'a Bytes,
            cert: &'a Bytes,
            tree: &'a Bytes,
        }
        let parts = Parts {
            key,
            content: Bytes::new(content),
            cert: Bytes::new(cert),
            tree: Bytes::new(tree),
        };
        let size = key.len() + content.len() + cert.len() + tree.len();
        cbor::to_vec_of_about(&parts, size + FRAME_OVERHEAD)
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// When `bytes` is not exactly one such frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        cbor::from_slice(bytes)
    }
}

/// Gateway to client, where [`RECEIPTS_SUBPROTOCOL`] was agreed on: what became of a call that the gateway was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptFrame {
    /// The call.
    pub request_id: RequestId,
    /// What became of it.
    pub receipt: Receipt,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It was decided: the certificate of its outcome, for [`CertifiedState`](crate::CertifiedState).
    Certificate(Vec<u8>),
    /// The network refused it before it was executed. Nobody certifies that: it is a hint.
    Rejection(Rejection),
}

/// Why the network refused a call.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// As in the interface specification, "Reject codes"; or the HTTP status, from 400 on, where the request itself was
    /// refused.
    pub code: u64,
    /// For people.
    pub message: String,
}

/// A [`ReceiptFrame`] as it is encoded.
#[derive(Serialize, Deserialize)]
struct EncodedReceipt {
    request_id: ByteArray<32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<ByteBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejection: Option<Rejection>,
}

impl ReceiptFrame {
    /// Encodes the frame.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode(self) -> Result<Vec<u8>, CborError> {
        let request_id = ByteArray::new(*self.request_id);
        let (certificate, rejection) = match self.receipt {
            Receipt::Certificate(certificate) => (Some(ByteBuf::from(certificate)), None),
            Receipt::Rejection(rejection) => (None, Some(rejection)),
        };
        cbor::to_vec(&EncodedReceipt {
            request_id,
            certificate,
            rejection,
        })
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// When `bytes` is not exactly one such frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let encoded: EncodedReceipt = cbor::from_slice(bytes)?;
        let receipt = match (encoded.certificate, encoded.rejection) {
            (Some(certificate), None) => Receipt::Certificate(certificate.into_vec()),
            (None, Some(rejection)) => Receipt::Rejection(rejection),
            _ => return Err(CborError::expected("one of certificate and rejection")),
        };
        Ok(Self {
            request_id: RequestId::new(&encoded.request_id),
            receipt,
        })
    }
}

/// What a gateway sends after its [`HandshakeFrame`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayFrame {
    /// A message of the canister.
    Message(CanisterFrame),
    /// What became of a call.
    Receipt(ReceiptFrame),
}

impl GatewayFrame {
    /// Decodes a frame of either kind.
    ///
    /// # Errors
    /// When `bytes` is neither; the error is that of a [`CanisterFrame`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        // The kinds have no field in common, so at most one of them can be decoded. Receipts are the shorter ones.
        if let Ok(receipt) = ReceiptFrame::decode(bytes) {
            return Ok(Self::Receipt(receipt));
        }
        CanisterFrame::decode(bytes).map(Self::Message)
    }
}
