//! A key that the application holds.

use ed25519_dalek::{SECRET_KEY_LENGTH, Signer as _, SigningKey};
use ic_transport_types::EnvelopeContent;

use super::{RandomError, SignError, Signer, fill_random, signable};
use crate::ed25519;

/// An Ed25519 key held in memory.
#[derive(Debug, Clone)]
pub struct Ed25519Signer {
    key: SigningKey,
}

impl Ed25519Signer {
    /// The size of a raw private key in bytes.
    pub const KEY_BYTES: usize = SECRET_KEY_LENGTH;

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
            key: SigningKey::from_bytes(key),
        }
    }

    /// The secret: the 32-byte seed of RFC 8032.
    pub fn to_raw(&self) -> [u8; Self::KEY_BYTES] {
        self.key.to_bytes()
    }
}

impl Signer for Ed25519Signer {
    fn public_key(&self) -> Vec<u8> {
        ed25519::to_der(&self.key.verifying_key())
    }

    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        Ok(self.key.sign(&signable(content)).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;
    use ic_transport_types::Envelope;

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
        let message = [b"\x0Aic-request".as_slice(), id.as_slice()].concat();
        ic_ed25519::PublicKey::deserialize_rfc8410_der(&public_key)
            .unwrap()
            .verify_signature(&message, &envelope.sender_sig.unwrap())
            .unwrap();
    }
}
