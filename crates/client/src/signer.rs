//! Who signs the calls. Signing may wait: for WebCrypto, a hardware key, a person.

use std::future::Future;

use candid::Principal;
use ic_transport_types::{Envelope, EnvelopeContent};
use thiserror::Error;

use crate::maybe_send::{MaybeSend, MaybeSync};

/// What the signature of a request covers, in front of the request id (interface specification,
/// "Authentication").
const REQUEST_DOMAIN: &[u8] = b"\x0Aic-request";

/// A call could not be signed.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("the call could not be signed: {0}")]
pub struct SignError(pub String);

/// The platform gave no random numbers.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("no random numbers: {0}")]
pub struct RandomError(pub String);

/// An identity that signs requests.
pub trait Signer: MaybeSend + MaybeSync {
    /// Whose requests are signed: the `sender` of the content given to [`sign`](Self::sign).
    fn principal(&self) -> Principal;

    /// Signs `content` and gives back the encoded envelope that the IC takes.
    ///
    /// # Errors
    /// When the key or a delegation cannot be used, or the user refuses.
    fn sign(
        &self,
        content: EnvelopeContent,
    ) -> impl Future<Output = Result<Vec<u8>, SignError>> + MaybeSend;
}

/// An Ed25519 key held in memory.
#[derive(Debug, Clone)]
pub struct Ed25519Signer {
    key: ic_ed25519::PrivateKey,
}

impl Ed25519Signer {
    /// The size of a raw private key in bytes.
    pub const KEY_BYTES: usize = ic_ed25519::PrivateKey::BYTES;

    /// Makes a key from the platform's random numbers.
    ///
    /// # Errors
    /// When there are none.
    pub fn generate() -> Result<Self, RandomError> {
        let mut key = [0; Self::KEY_BYTES];
        fill_random(&mut key)?;
        Ok(Self::from_raw(&key))
    }

    /// Takes a key in the form of [`to_raw`](Self::to_raw).
    pub fn from_raw(key: &[u8; Self::KEY_BYTES]) -> Self {
        Self {
            key: ic_ed25519::PrivateKey::deserialize_raw_32(key),
        }
    }

    /// The secret: the 32-byte seed of RFC 8032.
    pub fn to_raw(&self) -> [u8; Self::KEY_BYTES] {
        self.key.serialize_raw()
    }

    fn public_key_der(&self) -> Vec<u8> {
        self.key.public_key().serialize_rfc8410_der()
    }
}

impl Signer for Ed25519Signer {
    fn principal(&self) -> Principal {
        Principal::self_authenticating(self.public_key_der())
    }

    async fn sign(&self, content: EnvelopeContent) -> Result<Vec<u8>, SignError> {
        let request_id = content.to_request_id();
        let signature = self
            .key
            .sign_message(&[REQUEST_DOMAIN, request_id.as_slice()].concat());
        let envelope = Envelope {
            content: std::borrow::Cow::Owned(content),
            sender_pubkey: Some(self.public_key_der()),
            sender_sig: Some(signature.to_vec()),
            sender_delegation: None,
        };
        Ok(envelope.encode_bytes())
    }
}

/// A random number from the platform.
pub(crate) fn random_u64() -> Result<u64, RandomError> {
    let mut bytes = [0; 8];
    fill_random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn fill_random(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(|e| RandomError(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_raw_form() {
        let signer = Ed25519Signer::generate().unwrap();
        let restored = Ed25519Signer::from_raw(&signer.to_raw());
        assert_eq!(restored.principal(), signer.principal());
    }

    #[test]
    fn keys_differ() {
        let [a, b] = [(); 2].map(|()| Ed25519Signer::generate().unwrap().principal());
        assert_ne!(a, b);
    }

    #[tokio::test]
    async fn the_signature_is_that_of_the_request_id() {
        let signer = Ed25519Signer::from_raw(&[7; 32]);
        let content = EnvelopeContent::Call {
            nonce: Some(vec![1]),
            ingress_expiry: 2,
            sender: signer.principal(),
            canister_id: Principal::management_canister(),
            method_name: "ws_open".into(),
            arg: vec![3],
            sender_info: None,
        };
        let id = content.to_request_id();
        let bytes = signer.sign(content).await.unwrap();
        let envelope: Envelope<'static> = ic_ws_protocol::cbor::from_slice(&bytes).unwrap();
        assert_eq!(envelope.content.to_request_id(), id);

        let public_key = envelope.sender_pubkey.unwrap();
        assert_eq!(
            Principal::self_authenticating(&public_key),
            signer.principal()
        );
        let message = [REQUEST_DOMAIN, id.as_slice()].concat();
        ic_ed25519::PublicKey::deserialize_rfc8410_der(&public_key)
            .unwrap()
            .verify_signature(&message, &envelope.sender_sig.unwrap())
            .unwrap();
    }
}
