//! Who signs the calls. Signing may wait: for WebCrypto, a hardware key, a person.
//!
//! - [`Ed25519Signer`]: a key in memory.
//! - `WebCryptoSigner` (browser): a key that the browser keeps, and that no script can read.
//! - `AgentSigner` (native, feature `ic-agent`): any identity of `ic-agent`.
//! - [`Delegated`]: any of these on behalf of somebody else.

#[cfg(all(feature = "ic-agent", not(target_family = "wasm")))]
mod agent;
mod canister_signature;
mod delegation;
mod ed25519;
#[cfg(target_family = "wasm")]
mod web_crypto;

use std::{borrow::Cow, future::Future};

use candid::Principal;
use ic_transport_types::Envelope;
pub use ic_transport_types::{Delegation, EnvelopeContent, SignedDelegation};
use thiserror::Error;

use crate::maybe_send::{MaybeSend, MaybeSync};

#[cfg(all(feature = "ic-agent", not(target_family = "wasm")))]
pub use agent::AgentSigner;
pub use delegation::{Delegated, DelegationChain, DelegationError};
pub use ed25519::Ed25519Signer;
#[cfg(target_family = "wasm")]
pub use web_crypto::WebCryptoSigner;

/// What the signature of a request covers, in front of the request id (interface specification,
/// "Authentication").
const REQUEST_DOMAIN: &[u8] = b"\x0Aic-request";

/// A call could not be signed.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignError {
    /// The key cannot be used, or the person refused.
    #[error("the call could not be signed: {0}")]
    Key(String),
    /// A delegation ends before the call does: whoever signed in has to sign in again.
    #[error("the session has expired")]
    SessionExpired,
    /// A delegation is not for this canister, or not for this kind of request.
    #[error("the session does not allow {0}")]
    NotDelegated(String),
}

/// The platform gave no random numbers.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("no random numbers: {0}")]
pub struct RandomError(pub String);

/// An identity that signs requests.
pub trait Signer: MaybeSend + MaybeSync {
    /// The DER-encoded public key of the one whose requests are signed.
    fn public_key(&self) -> Vec<u8>;

    /// What connects [`public_key`](Self::public_key) to the key that signs, in that order; empty where they are the same.
    fn delegations(&self) -> Vec<SignedDelegation> {
        Vec::new()
    }

    /// The signature of the request `content`, made with the key that signs.
    ///
    /// # Errors
    /// When the key or a delegation cannot be used, or the person refuses.
    fn signature(
        &self,
        content: &EnvelopeContent,
    ) -> impl Future<Output = Result<Vec<u8>, SignError>> + MaybeSend;

    /// Whose requests are signed: the `sender` of the content given to [`sign`](Self::sign).
    fn principal(&self) -> Principal {
        Principal::self_authenticating(self.public_key())
    }

    /// Signs `content` and gives back the encoded envelope that the IC takes.
    ///
    /// # Errors
    /// As [`signature`](Self::signature).
    fn sign(
        &self,
        content: EnvelopeContent,
    ) -> impl Future<Output = Result<Vec<u8>, SignError>> + MaybeSend {
        async move {
            let signature = self.signature(&content).await?;
            let delegations = self.delegations();
            let envelope = Envelope {
                content: Cow::Owned(content),
                sender_pubkey: Some(self.public_key()),
                sender_sig: Some(signature),
                sender_delegation: (!delegations.is_empty()).then_some(delegations),
            };
            Ok(envelope.encode_bytes())
        }
    }
}

/// What the signature of `content` covers.
fn signable(content: &EnvelopeContent) -> Vec<u8> {
    [REQUEST_DOMAIN, content.to_request_id().as_slice()].concat()
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
