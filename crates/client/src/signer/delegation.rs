//! Signing on behalf of somebody else (interface specification, "Authentication").

use ic_transport_types::{DelegationPermissions, EnvelopeContent, SignedDelegation};
use thiserror::Error;

use super::{
    SignError, Signer,
    canister_signature::{CanisterKey, CanisterSignatureError},
};
use crate::ed25519;

/// How many delegations the IC follows.
const MAX_DELEGATIONS: usize = 20;

/// Delegations from one key to another, each signed by the key before it.
#[derive(Debug, Clone)]
pub struct DelegationChain {
    /// The DER-encoded public key of the one who delegates.
    pub public_key: Vec<u8>,
    /// The delegations, beginning with that of `public_key`.
    pub delegations: Vec<SignedDelegation>,
}

/// Why a chain of delegations cannot be used.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DelegationError {
    /// There is no delegation in it.
    #[error("there is no delegation")]
    Empty,
    /// The IC follows no more than 20.
    #[error("{0} delegations, but only {MAX_DELEGATIONS} are followed")]
    TooLong(usize),
    /// It leads to another key than the signer's.
    #[error("the delegation is for another key")]
    WrongKey,
    /// One of them has ended.
    #[error("the delegation has expired")]
    Expired,
    /// One is not signed by the key before it.
    #[error("delegation {link} is not signed by who delegates")]
    WrongSignature {
        /// Which, from 1.
        link: usize,
    },
    /// One is not signed by the canister whose key is before it.
    #[error("delegation {link} is not signed by who delegates: {error}")]
    WrongCanisterSignature {
        /// Which, from 1.
        link: usize,
        /// What is wrong.
        error: CanisterSignatureError,
    },
}

impl DelegationChain {
    /// When the first of the delegations ends, in nanoseconds since 1970.
    pub fn expires_at(&self) -> u64 {
        let expirations = self
            .delegations
            .iter()
            .map(|link| link.delegation.expiration);
        expirations.min().unwrap_or(0)
    }

    /// Checks the signatures by canisters and Ed25519 keys on the network of `root_key` (DER). Others are left to the IC,
    /// which checks all of them with each request.
    ///
    /// # Errors
    /// When one is not signed by the key before it.
    pub fn verify(&self, root_key: &[u8]) -> Result<(), DelegationError> {
        let mut key = &self.public_key;
        for (link, signed) in (1..).zip(&self.delegations) {
            verify_link(link, key, signed, root_key)?;
            key = &signed.delegation.pubkey;
        }
        Ok(())
    }
}

fn verify_link(
    link: usize,
    key: &[u8],
    signed: &SignedDelegation,
    root_key: &[u8],
) -> Result<(), DelegationError> {
    let message = signed.delegation.signable();
    if let Some(key) = CanisterKey::from_der(key) {
        return key
            .verify(&message, &signed.signature, root_key)
            .map_err(|error| DelegationError::WrongCanisterSignature { link, error });
    }
    match ed25519::from_der(key) {
        Some(key) if !ed25519::is_signed(&key, &message, &signed.signature) => {
            Err(DelegationError::WrongSignature { link })
        }
        _ => Ok(()),
    }
}

/// A signer that signs on behalf of the one whose chain of delegations leads to it.
#[derive(Debug, Clone)]
pub struct Delegated<S> {
    signer: S,
    chain: DelegationChain,
}

impl<S: Signer> Delegated<S> {
    /// Takes the `chain`, after checking that it leads to `signer` and holds at `now` (nanoseconds since 1970). Its
    /// signatures are checked by [`DelegationChain::verify`].
    ///
    /// # Errors
    /// The first check that failed.
    pub fn new(signer: S, chain: DelegationChain, now: u64) -> Result<Self, DelegationError> {
        let last = chain.delegations.last().ok_or(DelegationError::Empty)?;
        if last.delegation.pubkey != signer.public_key() {
            return Err(DelegationError::WrongKey);
        }
        let length = chain.delegations.len() + signer.delegations().len();
        if length > MAX_DELEGATIONS {
            return Err(DelegationError::TooLong(length));
        }
        if chain.expires_at() <= now {
            return Err(DelegationError::Expired);
        }
        Ok(Self { signer, chain })
    }

    /// The delegations.
    pub fn chain(&self) -> &DelegationChain {
        &self.chain
    }

    /// The one that signs.
    pub fn signer(&self) -> &S {
        &self.signer
    }
}

impl<S: Signer> Signer for Delegated<S> {
    fn public_key(&self) -> Vec<u8> {
        self.chain.public_key.clone()
    }

    fn delegations(&self) -> Vec<SignedDelegation> {
        [self.chain.delegations.clone(), self.signer.delegations()].concat()
    }

    /// Refuses what the IC would: a request may be executed until its expiry, so the delegations must hold until then.
    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        if self.chain.expires_at() < content.ingress_expiry() {
            return Err(SignError::SessionExpired);
        }
        for signed in &self.chain.delegations {
            allows(signed, content)?;
        }
        self.signer.signature(content).await
    }
}

fn allows(signed: &SignedDelegation, content: &EnvelopeContent) -> Result<(), SignError> {
    let delegation = &signed.delegation;
    let is_call = matches!(content, EnvelopeContent::Call { .. });
    if is_call && delegation.permissions == Some(DelegationPermissions::Queries) {
        return Err(SignError::NotDelegated("calls, only queries".into()));
    }
    let canister = match content {
        EnvelopeContent::Call { canister_id, .. } | EnvelopeContent::Query { canister_id, .. } => {
            canister_id
        }
        EnvelopeContent::ReadState { .. } => return Ok(()),
    };
    match &delegation.targets {
        Some(targets) if !targets.contains(canister) => Err(SignError::NotDelegated(format!(
            "requests to canister {canister}"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;
    use ic_transport_types::{Delegation, Envelope};

    use super::*;
    use crate::{Ed25519Signer, signer::signable};

    const NOW: u64 = 1_000;
    const EXPIRY: u64 = 2_000;

    fn key(n: u8) -> ic_ed25519::PrivateKey {
        ic_ed25519::PrivateKey::deserialize_raw_32(&[n; 32])
    }

    fn signer(n: u8) -> Ed25519Signer {
        Ed25519Signer::from_raw(&[n; 32])
    }

    fn link(from: u8, to: u8) -> SignedDelegation {
        link_with(from, to, |_| {})
    }

    fn link_with(from: u8, to: u8, change: impl FnOnce(&mut Delegation)) -> SignedDelegation {
        let mut delegation = Delegation {
            pubkey: signer(to).public_key(),
            expiration: EXPIRY,
            targets: None,
            permissions: None,
        };
        change(&mut delegation);
        let signature = key(from).sign_message(&delegation.signable()).to_vec();
        SignedDelegation {
            delegation,
            signature,
        }
    }

    fn chain(delegations: Vec<SignedDelegation>) -> DelegationChain {
        chain_from(1, delegations)
    }

    fn chain_from(n: u8, delegations: Vec<SignedDelegation>) -> DelegationChain {
        DelegationChain {
            public_key: signer(n).public_key(),
            delegations,
        }
    }

    fn call(canister: Principal, ingress_expiry: u64) -> EnvelopeContent {
        EnvelopeContent::Call {
            nonce: None,
            ingress_expiry,
            sender: signer(1).principal(),
            canister_id: canister,
            method_name: "ws_open".into(),
            arg: vec![],
            sender_info: None,
        }
    }

    fn refusal(chain: DelegationChain, to: Ed25519Signer) -> DelegationError {
        Delegated::new(to, chain, NOW).unwrap_err()
    }

    #[tokio::test]
    async fn the_envelope_is_of_who_delegates_signed_by_the_last_key() {
        let inner = Delegated::new(signer(3), chain_from(2, vec![link(2, 3)]), NOW).unwrap();
        let outer = Delegated::new(inner, chain(vec![link(1, 2)]), NOW).unwrap();
        let content = call(Principal::anonymous(), EXPIRY);
        let message = signable(&content);
        let bytes = outer.sign(content).await.unwrap();

        let envelope: Envelope<'static> = ic_ws_protocol::cbor::from_slice(&bytes).unwrap();
        assert_eq!(envelope.sender_pubkey, Some(signer(1).public_key()));
        let delegations = envelope.sender_delegation.unwrap();
        let keys: Vec<_> = delegations
            .iter()
            .map(|link| &link.delegation.pubkey)
            .collect();
        assert_eq!(keys, [&signer(2).public_key(), &signer(3).public_key()]);
        assert!(
            key(3)
                .public_key()
                .verify_signature(&message, &envelope.sender_sig.unwrap())
                .is_ok()
        );
    }

    #[test]
    fn a_chain_must_lead_to_the_signer_and_hold() {
        assert_eq!(refusal(chain(vec![]), signer(2)), DelegationError::Empty);
        let other = chain(vec![link(1, 2)]);
        assert_eq!(refusal(other, signer(3)), DelegationError::WrongKey);
        let expired = chain(vec![link_with(1, 2, |link| link.expiration = NOW)]);
        assert_eq!(refusal(expired, signer(2)), DelegationError::Expired);
        let long = chain((1..=21).map(|n| link(n, n + 1)).collect());
        assert_eq!(refusal(long, signer(22)), DelegationError::TooLong(21));
    }

    #[test]
    fn each_link_must_be_signed_by_the_key_before_it() {
        assert_eq!(chain(vec![link(1, 2), link(2, 3)]).verify(&[]), Ok(()));
        let broken = chain(vec![link(1, 2), link(9, 3)]);
        assert_eq!(
            broken.verify(&[]),
            Err(DelegationError::WrongSignature { link: 2 })
        );
    }

    #[tokio::test]
    async fn no_request_outlives_the_delegations() {
        let chain = chain(vec![
            link_with(1, 2, |link| link.expiration = EXPIRY + 1),
            link(2, 3),
        ]);
        let signer = Delegated::new(signer(3), chain, NOW).unwrap();
        let late = call(Principal::anonymous(), EXPIRY + 1);
        assert_eq!(signer.sign(late).await, Err(SignError::SessionExpired));
    }

    #[tokio::test]
    async fn every_delegation_must_be_for_the_canister_and_the_kind_of_request() {
        let [canister, other] = [1, 2].map(|n| Principal::from_slice(&[n]));
        let chain = chain(vec![
            link_with(1, 2, |link| link.targets = Some(vec![canister])),
            link(2, 3),
        ]);
        let targeted = Delegated::new(signer(3), chain, NOW).unwrap();
        assert!(targeted.sign(call(canister, EXPIRY)).await.is_ok());
        assert!(matches!(
            targeted.sign(call(other, EXPIRY)).await,
            Err(SignError::NotDelegated(_))
        ));

        let queries =
            |link: &mut Delegation| link.permissions = Some(DelegationPermissions::Queries);
        let chain = self::chain(vec![link_with(1, 2, queries)]);
        let reader = Delegated::new(signer(2), chain, NOW).unwrap();
        assert!(matches!(
            reader.sign(call(canister, EXPIRY)).await,
            Err(SignError::NotDelegated(_))
        ));
    }
}
