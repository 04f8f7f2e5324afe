//! The signature schemes of the Internet Computer, told apart by the key's object identifier.

use ic_signature_verification::verify_canister_sig;
use p256::{
    ecdsa::{self, signature::Verifier},
    pkcs8::{ObjectIdentifier, spki::SubjectPublicKeyInfoRef},
};

use super::{SignatureError, webauthn};

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
const COSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.56387.1.1");
const CANISTER_SIGNATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.56387.1.2");

/// Checks that `signature` is of `message`, by the key whose SubjectPublicKeyInfo is `public_key`.
pub(super) fn verify(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
    root_public_key: &[u8],
) -> Result<(), SignatureError> {
    let key =
        SubjectPublicKeyInfoRef::try_from(public_key).map_err(|_| SignatureError::MalformedKey)?;
    match key.algorithm.oid {
        ED25519 => verify_ed25519(public_key, message, signature),
        ECDSA => {
            let curve = key.algorithm.parameters_oid();
            let curve = curve.map_err(|_| SignatureError::MalformedKey)?;
            verify_ecdsa(
                curve,
                key.subject_public_key.raw_bytes(),
                message,
                signature,
            )
        }
        COSE => webauthn::verify(key.subject_public_key.raw_bytes(), message, signature),
        CANISTER_SIGNATURE => verify_canister_sig(message, signature, public_key, root_public_key)
            .map_err(SignatureError::Canister),
        other => Err(SignatureError::UnsupportedKey(format!("algorithm {other}"))),
    }
}

fn verify_ed25519(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    ic_ed25519::PublicKey::deserialize_rfc8410_der(public_key)
        .map_err(|_| SignatureError::MalformedKey)?
        .verify_signature(message, signature)
        .map_err(|_| SignatureError::Mismatch("Ed25519"))
}

fn verify_ecdsa(
    curve: ObjectIdentifier,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    match curve {
        P256 => {
            let key = ecdsa::VerifyingKey::from_sec1_bytes(uncompressed(point)?)
                .map_err(|_| SignatureError::MalformedKey)?;
            ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .map_err(|_| SignatureError::Mismatch("ECDSA P-256"))
        }
        SECP256K1 => {
            let key = ic_secp256k1::PublicKey::deserialize_sec1(uncompressed(point)?)
                .map_err(|_| SignatureError::MalformedKey)?;
            // The id of a request does not depend on its signature, so malleability does no harm.
            key.verify_ecdsa_signature_with_malleability(message, signature)
                .then_some(())
                .ok_or(SignatureError::Mismatch("ECDSA secp256k1"))
        }
        other => Err(SignatureError::UnsupportedKey(format!("curve {other}"))),
    }
}

/// The point, if it is in the only form the specification allows. In another, the same owner would be another principal.
fn uncompressed(point: &[u8]) -> Result<&[u8], SignatureError> {
    match point {
        [0x04, ..] => Ok(point),
        _ => Err(SignatureError::MalformedKey),
    }
}

/// The canister that signs for `public_key`; `None` if it is no key for canister signatures.
pub(super) fn signing_canister(public_key: &[u8]) -> Option<&[u8]> {
    let key = SubjectPublicKeyInfoRef::try_from(public_key).ok()?;
    if key.algorithm.oid != CANISTER_SIGNATURE {
        return None;
    }
    let (length, rest) = key.subject_public_key.raw_bytes().split_first()?;
    rest.get(..usize::from(*length))
}
