//! From the bytes of a request to one whose sender is known.
//!
//! Pure functions: the bytes, the time and the limits decide, nothing else. The reference is the
//! interface specification's chapter "Authentication".

mod delegation;
mod envelope;
mod error;
mod sender_info;
mod signature;
#[cfg(test)]
mod tests;
mod webauthn;

use std::collections::BTreeSet;

use candid::Principal;
use ic_transport_types::{EnvelopeContent, RequestId};

pub use error::{DelegationError, IngressError, SenderInfoError, SignatureError};

use delegation::Permissions;
use envelope::Envelope;

/// What a request may not exceed.
#[derive(Clone, Debug)]
pub struct IngressLimits {
    /// Bytes of the whole envelope.
    pub max_request_bytes: usize,
    /// CBOR data items of the whole envelope: they may take much more memory than bytes.
    pub max_items: usize,
    /// Bytes of a signature; those of canisters have a few thousand.
    pub max_signature_bytes: usize,
    /// How far in the future `ingress_expiry` may be, in nanoseconds.
    pub max_ingress_ttl_ns: u64,
    /// How much further, because clocks differ, in nanoseconds.
    pub clock_drift_ns: u64,
    /// Bytes of the nonce.
    pub max_nonce_bytes: usize,
    /// Links of a chain of delegations.
    pub max_delegations: usize,
    /// Canisters that one delegation names as its targets.
    pub max_delegation_targets: usize,
}

impl Default for IngressLimits {
    /// The limits of the public network, where it has any. The items are enough for as many paths, labels and targets
    /// as are allowed.
    fn default() -> Self {
        const SECOND_NS: u64 = 1_000_000_000;
        Self {
            max_request_bytes: 2 * 1024 * 1024,
            max_items: 200_000,
            max_signature_bytes: 128 * 1024,
            max_ingress_ttl_ns: 5 * 60 * SECOND_NS,
            clock_drift_ns: 60 * SECOND_NS,
            max_nonce_bytes: 32,
            max_delegations: 20,
            max_delegation_targets: 1000,
        }
    }
}

/// The canisters that the sender's delegations are good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Targets {
    /// Every canister.
    #[default]
    Any,
    /// These only.
    Only(BTreeSet<Principal>),
}

impl Targets {
    /// Whether the request may concern `canister`.
    pub fn allow(&self, canister: &Principal) -> bool {
        match self {
            Self::Any => true,
            Self::Only(canisters) => canisters.contains(canister),
        }
    }

    fn restrict(self, to: BTreeSet<Principal>) -> Self {
        Self::Only(match self {
            Self::Any => to,
            Self::Only(canisters) => &canisters & &to,
        })
    }
}

/// A request whose sender has proven who they are.
#[derive(Clone, Debug)]
pub struct AuthenticatedRequest {
    /// The hash of the content, by which the request is known from now on.
    pub id: RequestId,
    /// What is asked for; its `sender` is authentic.
    pub content: EnvelopeContent,
    /// What the sender's delegations are good for. That the called canister is among them is already
    /// checked; a `read_state` request names its canisters in its paths.
    pub targets: Targets,
}

/// Decodes a request and checks that it is valid now, and from whom it claims to be.
///
/// `root_public_key` is the raw key (96 bytes) that canister signatures have to lead to.
///
/// # Errors
/// The first thing that is wrong with the request.
pub fn authenticate(
    bytes: &[u8],
    now_ns: u64,
    root_public_key: &[u8],
    limits: &IngressLimits,
) -> Result<AuthenticatedRequest, IngressError> {
    if bytes.len() > limits.max_request_bytes {
        return Err(IngressError::TooLarge {
            limit: limits.max_request_bytes,
        });
    }
    let envelope = Envelope::decode(bytes, limits)?;
    check_lengths(&envelope, limits)?;
    check_expiry(&envelope.content, now_ns, limits)?;
    let (targets, permissions) = verify_sender(&envelope, now_ns, root_public_key, limits)?;
    match &envelope.content {
        EnvelopeContent::Call { .. } if permissions == Permissions::Queries => {
            return Err(IngressError::UpdateNotDelegated);
        }
        EnvelopeContent::Call { canister_id, .. } | EnvelopeContent::Query { canister_id, .. }
            if !targets.allow(canister_id) =>
        {
            return Err(IngressError::CanisterNotDelegated(*canister_id));
        }
        _ => {}
    }
    Ok(AuthenticatedRequest {
        id: envelope.id,
        content: envelope.content,
        targets,
    })
}

fn check_lengths(envelope: &Envelope, limits: &IngressLimits) -> Result<(), IngressError> {
    if envelope.nonce_length > limits.max_nonce_bytes {
        return Err(IngressError::NonceTooLong {
            length: envelope.nonce_length,
            limit: limits.max_nonce_bytes,
        });
    }
    let signatures = envelope.proof.iter().map(|proof| &proof.signature);
    let signatures = signatures.chain(envelope.delegations.iter().map(|signed| &signed.signature));
    let sender_info = sender_info::of(&envelope.content).map(|info| &info.sig);
    match signatures.chain(sender_info).map(Vec::len).max() {
        Some(length) if length > limits.max_signature_bytes => {
            Err(IngressError::SignatureTooLong {
                length,
                limit: limits.max_signature_bytes,
            })
        }
        _ => Ok(()),
    }
}

fn check_expiry(
    content: &EnvelopeContent,
    now_ns: u64,
    limits: &IngressLimits,
) -> Result<(), IngressError> {
    // As on the public network: what anyone may ask for at any time need not expire.
    let is_call = matches!(content, EnvelopeContent::Call { .. });
    if !is_call && *content.sender() == Principal::anonymous() {
        return Ok(());
    }
    let provided = content.ingress_expiry();
    let maximum = now_ns
        .saturating_add(limits.max_ingress_ttl_ns)
        .saturating_add(limits.clock_drift_ns);
    if (now_ns..=maximum).contains(&provided) {
        return Ok(());
    }
    Err(IngressError::Expiry {
        minimum: now_ns,
        maximum,
        provided,
    })
}

fn verify_sender(
    envelope: &Envelope,
    now_ns: u64,
    root_public_key: &[u8],
    limits: &IngressLimits,
) -> Result<(Targets, Permissions), IngressError> {
    let sender = *envelope.content.sender();
    let sender_info = sender_info::of(&envelope.content);
    if sender == Principal::anonymous() {
        if sender_info.is_some() {
            return Err(SenderInfoError::NoCanisterKey.into());
        }
        return match &envelope.proof {
            None if envelope.delegations.is_empty() => Ok((Targets::Any, Permissions::All)),
            _ => Err(IngressError::AnonymousWithSignature),
        };
    }
    let Some(proof) = &envelope.proof else {
        return Err(IngressError::MissingSignature(sender));
    };
    let derived = Principal::self_authenticating(&proof.public_key);
    if derived != sender {
        return Err(IngressError::SenderMismatch { sender, derived });
    }
    let chain = delegation::verify(
        &proof.public_key,
        &envelope.delegations,
        now_ns,
        root_public_key,
        limits,
    )?;
    signature::verify(
        chain.key,
        &envelope.id.signable(),
        &proof.signature,
        root_public_key,
    )
    .map_err(IngressError::Signature)?;
    if let Some(sender_info) = sender_info {
        sender_info::verify(sender_info, &proof.public_key, root_public_key)?;
    }
    Ok((chain.targets, chain.permissions))
}
