//! A delegation as pages ask for it and get it: the parameters and the result of ICRC-34, in JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use candid::Principal;
use ic_canister_sig_creation::{CanisterSigPublicKey, delegation_signature_msg};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::person::{self, PersonError, Seed};

const SECOND_NS: u64 = 1_000_000_000;
/// For how long a delegation is valid that is asked for without saying, as with Internet Identity.
const DEFAULT_LIFETIME_NS: u64 = 30 * 60 * SECOND_NS;
/// For how long a delegation is valid at most, as with Internet Identity.
const MAX_LIFETIME_NS: u64 = 30 * 24 * 60 * 60 * SECOND_NS;
/// No network takes a delegation with more targets.
const MAX_TARGETS: usize = 1000;

/// What a DER-encoded Ed25519 key begins with, and how long the key itself is (RFC 8410).
const ED25519: (&[u8], usize) = (b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 32);
/// The same of an uncompressed P-256 key (RFC 5480).
const P256: (&[u8], usize) = (
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
    64,
);

/// Who wants a delegation for what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    person: String,
    origin: String,
    /// The session's public key: DER, in base64.
    public_key: String,
    /// Canister ids.
    targets: Option<Vec<String>>,
    /// Nanoseconds, in decimal digits.
    max_time_to_live: Option<String>,
}

/// The same delegation again, whose expiration has been told.
#[derive(Deserialize)]
pub struct Prepared {
    #[serde(flatten)]
    wanted: Wanted,
    expiration: String,
}

/// Why there is no such delegation.
#[derive(Debug, Error, PartialEq)]
pub enum DelegationError {
    /// Nobody can sign in like that.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The session's key does not decode.
    #[error("`publicKey` is not base64")]
    Base64,
    /// The session's key is of another kind.
    #[error("`publicKey` is neither a P-256 nor an Ed25519 key in DER")]
    Key,
    /// A time is not in decimal digits, or does not fit.
    #[error("`{name}` is not a number of nanoseconds: `{text}`")]
    Time {
        /// Of the field.
        name: &'static str,
        /// What it says.
        text: String,
    },
    /// A target does not decode.
    #[error("`targets` holds `{0}`, which is not a canister id")]
    Target(String),
    /// There are too many.
    #[error("`targets` holds {0} canister ids; {MAX_TARGETS} are the most")]
    Targets(usize),
}

/// What the canister signs, and for whom.
#[derive(Debug, PartialEq)]
pub struct Delegation {
    pub seed: Seed,
    session_key: Vec<u8>,
    expiration: u64,
    targets: Option<Vec<Principal>>,
}

impl Wanted {
    /// The delegation that is given at the time `now`.
    pub fn at(self, now: u64) -> Result<Delegation, DelegationError> {
        let lifetime = match &self.max_time_to_live {
            Some(text) => nanoseconds("maxTimeToLive", text)?.min(MAX_LIFETIME_NS),
            None => DEFAULT_LIFETIME_NS,
        };
        self.until(now.saturating_add(lifetime))
    }

    fn until(self, expiration: u64) -> Result<Delegation, DelegationError> {
        Ok(Delegation {
            seed: person::seed(&self.person, &self.origin)?,
            session_key: session_key(&self.public_key)?,
            expiration,
            targets: self.targets.map(targets).transpose()?,
        })
    }
}

impl Prepared {
    pub fn delegation(self) -> Result<Delegation, DelegationError> {
        let expiration = nanoseconds("expiration", &self.expiration)?;
        self.wanted.until(expiration)
    }
}

fn session_key(text: &str) -> Result<Vec<u8>, DelegationError> {
    let key = STANDARD.decode(text).map_err(|_| DelegationError::Base64)?;
    let is = |(prefix, length): (&[u8], usize)| {
        key.strip_prefix(prefix)
            .is_some_and(|key| key.len() == length)
    };
    if is(ED25519) || is(P256) {
        Ok(key)
    } else {
        Err(DelegationError::Key)
    }
}

fn nanoseconds(name: &'static str, text: &str) -> Result<u64, DelegationError> {
    text.parse().map_err(|_| DelegationError::Time {
        name,
        text: text.chars().take(40).collect(),
    })
}

fn targets(texts: Vec<String>) -> Result<Vec<Principal>, DelegationError> {
    if texts.len() > MAX_TARGETS {
        return Err(DelegationError::Targets(texts.len()));
    }
    let decode = |text: String| {
        Principal::from_text(&text)
            .map_err(|_| DelegationError::Target(text.chars().take(80).collect()))
    };
    texts.into_iter().map(decode).collect()
}

impl Delegation {
    /// What is signed.
    pub fn message(&self) -> Vec<u8> {
        let raw =
            |targets: &Vec<Principal>| targets.iter().map(|id| id.as_slice().to_vec()).collect();
        let targets = self.targets.as_ref().map(raw);
        delegation_signature_msg(&self.session_key, self.expiration, targets.as_ref())
    }

    /// When it expires, for those who come back for the signature.
    pub fn expiration(&self) -> Expiration {
        Expiration {
            expiration: self.expiration.to_string(),
        }
    }

    /// The result of ICRC-34, with the signature by `canister`.
    pub fn signed(&self, canister: Principal, signature: &[u8]) -> DelegationResult {
        let key = CanisterSigPublicKey::new(canister, self.seed.to_vec());
        let text = |targets: &Vec<Principal>| targets.iter().map(Principal::to_text).collect();
        DelegationResult {
            public_key: STANDARD.encode(key.to_der()),
            signer_delegation: [SignedDelegation {
                delegation: DelegationJson {
                    pubkey: STANDARD.encode(&self.session_key),
                    expiration: self.expiration.to_string(),
                    targets: self.targets.as_ref().map(text),
                },
                signature: STANDARD.encode(signature),
            }],
        }
    }
}

/// When a delegation expires.
#[derive(Serialize)]
pub struct Expiration {
    expiration: String,
}

/// The result of ICRC-34.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DelegationResult {
    public_key: String,
    signer_delegation: [SignedDelegation; 1],
}

#[derive(Serialize)]
struct SignedDelegation {
    delegation: DelegationJson,
    signature: String,
}

#[derive(Serialize)]
struct DelegationJson {
    pubkey: String,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    targets: Option<Vec<String>>,
}

#[cfg(test)]
mod tests;
