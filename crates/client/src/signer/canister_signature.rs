//! Signatures that a canister makes (interface specification, "Canister signatures"). Internet Identity signs its
//! delegations in this way.

use candid::Principal;
use ic_certification::{HashTree, LookupResult};
use ic_ws_protocol::{
    cbor::{self, CborError},
    verify::{CertificateError, CertifiedState},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The algorithm identifier of canister signatures, in DER.
const ALGORITHM: &[u8] = b"\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x83\xb8\x43\x01\x02";

/// Why something is not a canister's signature.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CanisterSignatureError {
    /// The signature cannot be decoded.
    #[error("{0}")]
    Malformed(#[from] CborError),
    /// The network did not certify it.
    #[error("its certificate is not valid: {0}")]
    Certificate(#[from] CertificateError),
    /// The canister did not sign that.
    #[error("the canister did not sign this")]
    NotSigned,
}

/// A public key under which a canister signs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CanisterKey<'a> {
    canister: Principal,
    seed: &'a [u8],
}

#[derive(Deserialize)]
struct CanisterSignature {
    #[serde(with = "serde_bytes")]
    certificate: Vec<u8>,
    tree: HashTree,
}

impl<'a> CanisterKey<'a> {
    /// Reads a DER-encoded public key; nothing if it is one of another kind.
    pub fn from_der(der: &'a [u8]) -> Option<Self> {
        let (content, []) = element(0x30, der)? else {
            return None;
        };
        let (bits, []) = element(0x03, content.strip_prefix(ALGORITHM)?)? else {
            return None;
        };
        let (&length, key) = bits.strip_prefix(&[0])?.split_first()?;
        let (canister, seed) = key.split_at_checked(length.into())?;
        let canister = Principal::try_from_slice(canister).ok()?;
        Some(Self { canister, seed })
    }

    /// Checks that the canister signed `message`, on the network of `root_key` (DER).
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        root_key: &[u8],
    ) -> Result<(), CanisterSignatureError> {
        let signature: CanisterSignature = cbor::from_slice(signature)?;
        // Such a signature does not age, and so it does not matter how old the certificate is.
        let state = CertifiedState::verify(&signature.certificate, self.canister, root_key)?;
        let certified_data = state.certified_data(self.canister)?;
        let path = [
            b"sig".as_slice(),
            &Sha256::digest(self.seed),
            &Sha256::digest(message),
        ];
        let is_signed = signature.tree.digest().as_slice() == certified_data
            && signature.tree.lookup_path(path) == LookupResult::Found(&[]);
        is_signed
            .then_some(())
            .ok_or(CanisterSignatureError::NotSigned)
    }
}

/// The content of the DER element with this tag at the start of `der`, and what follows it. Keys are small: their lengths
/// have one byte.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    match der {
        [found, length @ ..0x80, rest @ ..] if *found == tag => {
            rest.split_at_checked((*length).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Canister 0x01 with the seed "seed".
    const KEY: &[u8] =
        b"\x30\x17\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x83\xb8\x43\x01\x02\x03\x07\x00\x01\x01seed";

    #[test]
    fn reads_a_key() {
        let key = CanisterKey {
            canister: Principal::from_slice(&[1]),
            seed: b"seed",
        };
        assert_eq!(CanisterKey::from_der(KEY), Some(key));
    }

    #[test]
    fn reads_no_other_bytes() {
        for end in 0..KEY.len() {
            assert_eq!(CanisterKey::from_der(&KEY[..end]), None);
        }
        assert_eq!(CanisterKey::from_der(&[KEY, b"!"].concat()), None);
        let ed25519 = crate::Ed25519Signer::from_raw(&[1; 32]);
        let other = crate::Signer::public_key(&ed25519);
        assert_eq!(CanisterKey::from_der(&other), None);
    }
}
