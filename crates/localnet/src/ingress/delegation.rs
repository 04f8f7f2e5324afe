//! Chains of delegations: each is signed by the key before it and names the next.

use std::collections::{BTreeSet, HashSet};

use ic_transport_types::DelegationPermissions;

use super::{DelegationError, IngressLimits, Targets, envelope::SignedDelegation, signature};

const DELEGATION_DOMAIN: &[u8] = b"\x1Aic-request-auth-delegation";

/// What a chain lets its last key do.
pub(super) struct Chain<'a> {
    /// The last key: the one that has to have signed the request.
    pub key: &'a [u8],
    pub targets: Targets,
    pub permissions: Permissions,
}

/// The kinds of requests a chain permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permissions {
    All,
    Queries,
}

/// Follows the chain from the sender's key.
pub(super) fn verify<'a>(
    sender_key: &'a [u8],
    delegations: &'a [SignedDelegation],
    now_ns: u64,
    root_public_key: &[u8],
    limits: &IngressLimits,
) -> Result<Chain<'a>, DelegationError> {
    if delegations.len() > limits.max_delegations {
        return Err(DelegationError::TooMany {
            length: delegations.len(),
            limit: limits.max_delegations,
        });
    }
    let mut chain = Chain {
        key: sender_key,
        targets: Targets::Any,
        permissions: Permissions::All,
    };
    let mut seen = HashSet::from([sender_key]);
    for (index, signed) in delegations.iter().enumerate() {
        check_bounds(index, signed, now_ns, limits)?;
        let message = [DELEGATION_DOMAIN, signed.hash.as_slice()].concat();
        signature::verify(chain.key, &message, &signed.signature, root_public_key)
            .map_err(|error| DelegationError::Signature { index, error })?;
        let delegation = &signed.delegation;
        if !seen.insert(&delegation.pubkey) {
            return Err(DelegationError::Cycle(index));
        }
        chain.key = &delegation.pubkey;
        if let Some(targets) = &delegation.targets {
            let targets = BTreeSet::from_iter(targets.iter().copied());
            chain.targets = chain.targets.restrict(targets);
        }
        if delegation.permissions == Some(DelegationPermissions::Queries) {
            chain.permissions = Permissions::Queries;
        }
    }
    Ok(chain)
}

fn check_bounds(
    index: usize,
    signed: &SignedDelegation,
    now_ns: u64,
    limits: &IngressLimits,
) -> Result<(), DelegationError> {
    let delegation = &signed.delegation;
    if delegation.expiration < now_ns {
        return Err(DelegationError::Expired {
            index,
            expiration: delegation.expiration,
            now: now_ns,
        });
    }
    let count = delegation.targets.as_ref().map_or(0, Vec::len);
    if count > limits.max_delegation_targets {
        return Err(DelegationError::TooManyTargets {
            count,
            limit: limits.max_delegation_targets,
        });
    }
    Ok(())
}
