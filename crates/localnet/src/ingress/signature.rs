//! The signature schemes of the Internet Computer, told apart by the key's object identifier.

use ic_signature_verification::verify_canister_sig;
use p256::{
    ecdsa::{self, signature::Verifier},
    pkcs8::{DecodePublicKey, ObjectIdentifier, spki::SubjectPublicKeyInfoRef},
};

use super::SignatureError;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
const CANISTER_SIGNATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.56387.1.2");

enum Scheme {
    Ed25519,
    EcdsaP256,
    EcdsaSecp256k1,
    Canister,
}

/// Checks that `signature` is of `message`, by the key whose SubjectPublicKeyInfo is `public_key`.
pub(super) fn verify(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
    root_public_key: &[u8],
) -> Result<(), SignatureError> {
    match scheme(public_key)? {
        Scheme::Ed25519 => ic_ed25519::PublicKey::deserialize_rfc8410_der(public_key)
            .map_err(|_| SignatureError::MalformedKey)?
            .verify_signature(message, signature)
            .map_err(|_| SignatureError::Mismatch("Ed25519")),
        Scheme::EcdsaP256 => {
            let key = ecdsa::VerifyingKey::from_public_key_der(public_key)
                .map_err(|_| SignatureError::MalformedKey)?;
            ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .map_err(|_| SignatureError::Mismatch("ECDSA P-256"))
        }
        Scheme::EcdsaSecp256k1 => {
            let key = ic_secp256k1::PublicKey::deserialize_der(public_key)
                .map_err(|_| SignatureError::MalformedKey)?;
            // The id of a request does not depend on its signature, so malleability does no harm.
            key.verify_ecdsa_signature_with_malleability(message, signature)
                .then_some(())
                .ok_or(SignatureError::Mismatch("ECDSA secp256k1"))
        }
        Scheme::Canister => verify_canister_sig(message, signature, public_key, root_public_key)
            .map_err(SignatureError::Canister),
    }
}

fn scheme(public_key: &[u8]) -> Result<Scheme, SignatureError> {
    let key =
        SubjectPublicKeyInfoRef::try_from(public_key).map_err(|_| SignatureError::MalformedKey)?;
    match key.algorithm.oid {
        ED25519 => Ok(Scheme::Ed25519),
        CANISTER_SIGNATURE => Ok(Scheme::Canister),
        ECDSA => match key.algorithm.parameters_oid() {
            Ok(P256) => Ok(Scheme::EcdsaP256),
            Ok(SECP256K1) => Ok(Scheme::EcdsaSecp256k1),
            Ok(curve) => Err(SignatureError::UnsupportedKey(format!("curve {curve}"))),
            Err(_) => Err(SignatureError::MalformedKey),
        },
        other => Err(SignatureError::UnsupportedKey(format!("algorithm {other}"))),
    }
}
