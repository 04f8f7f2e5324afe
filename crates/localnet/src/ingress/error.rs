//! What can be wrong with a request, in words that say what to do about it.

use candid::Principal;
use ic_transport_types::RequestIdError;

use crate::cbor::CborError;

/// Why a request is refused before anything looks at what it asks for.
#[derive(Debug, thiserror::Error)]
pub enum IngressError {
    /// The request has more bytes than any may have.
    #[error("The request is too large: at most {limit} bytes are accepted.")]
    TooLarge {
        /// Bytes of the largest request.
        limit: usize,
    },
    /// The request is no CBOR envelope.
    #[error("The request is not a valid CBOR envelope: {0}.")]
    Envelope(#[from] CborError),
    /// The content has fields that cannot be hashed, so that there is nothing to be signed.
    #[error("The request id cannot be computed: {0}.")]
    Unhashable(#[from] RequestIdError),
    /// The nonce is too long.
    #[error("The nonce has {length} bytes; at most {limit} are accepted.")]
    NonceTooLong {
        /// Its bytes.
        length: usize,
        /// Bytes of the longest.
        limit: usize,
    },
    /// The request has expired, or is to be valid for too long.
    #[error(
        "Invalid request expiry: Specified ingress_expiry not within expected range: Minimum allowed \
         expiry: {minimum}, Maximum allowed expiry: {maximum}, Provided expiry: {provided} \
         (nanoseconds since 1970-01-01)."
    )]
    Expiry {
        /// The network's time.
        minimum: u64,
        /// The latest expiry.
        maximum: u64,
        /// What the request says.
        provided: u64,
    },
    /// The anonymous sender has signed, which makes no sense.
    #[error(
        "The sender is the anonymous principal, but the request has a public key, a signature or a \
         delegation."
    )]
    AnonymousWithSignature,
    /// Nothing proves that the request is from its sender.
    #[error("The request claims to be from {0}, but is not signed.")]
    MissingSignature(Principal),
    /// A signature without key, or the reverse.
    #[error("sender_pubkey and sender_sig have to be given together.")]
    HalfSigned,
    /// The key belongs to somebody else.
    #[error("The sender {sender} does not match the public key, which belongs to {derived}.")]
    SenderMismatch {
        /// Who the request claims to be from.
        sender: Principal,
        /// Whose key it shows.
        derived: Principal,
    },
    /// The request's signature is not good.
    #[error("Invalid signature: {0}.")]
    Signature(SignatureError),
    /// A signature is longer than any real one.
    #[error("A signature has {length} bytes; at most {limit} are accepted.")]
    SignatureTooLong {
        /// Its bytes.
        length: usize,
        /// Bytes of the longest.
        limit: usize,
    },
    /// The information about the sender does not come from the canister whose key the sender has.
    #[error("Invalid sender_info: {0}.")]
    SenderInfo(#[from] SenderInfoError),
    /// A delegation is not good.
    #[error("Invalid delegation: {0}.")]
    Delegation(#[from] DelegationError),
    /// The delegations do not reach the called canister.
    #[error("The canister {0} is not among the targets of the delegations.")]
    CanisterNotDelegated(Principal),
    /// The delegations are for queries only.
    #[error("The delegations permit queries only, and this is an update call.")]
    UpdateNotDelegated,
}

/// Why the information about a sender is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum SenderInfoError {
    /// Only canisters vouch for information.
    #[error("the sender's public key is not one for canister signatures")]
    NoCanisterKey,
    /// It names another canister than the one that signs for the sender.
    #[error("the signer is not the canister of the sender's public key")]
    OtherSigner,
    /// The canister did not sign it.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Why a chain of delegations does not lead from the sender's key to the one that signed.
#[derive(Debug, thiserror::Error)]
pub enum DelegationError {
    /// The chain is too long.
    #[error("the chain has {length} delegations; at most {limit} are accepted")]
    TooMany {
        /// Its links.
        length: usize,
        /// Links of the longest.
        limit: usize,
    },
    /// A delegation has too many targets.
    #[error("a delegation has {count} targets; at most {limit} are accepted")]
    TooManyTargets {
        /// Its targets.
        count: usize,
        /// The most that one may have.
        limit: usize,
    },
    /// A delegation has expired.
    #[error("delegation {index} has expired at {expiration}, and it is {now}")]
    Expired {
        /// Which one, counted from 0.
        index: usize,
        /// Its end, in nanoseconds since the epoch.
        expiration: u64,
        /// The network's time, in nanoseconds since the epoch.
        now: u64,
    },
    /// A key delegates to itself or to one that has delegated to it.
    #[error("delegation {0} leads back to a key that is already in the chain")]
    Cycle(
        /// Which one, counted from 0.
        usize,
    ),
    /// A delegation is not signed by the key before it.
    #[error("delegation {index}: {error}")]
    Signature {
        /// Which one, counted from 0.
        index: usize,
        /// What is wrong with its signature.
        error: SignatureError,
    },
}

/// Why a signature does not hold.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The public key is not the DER encoding of a key.
    #[error("the public key is malformed")]
    MalformedKey,
    /// The key is of a kind the Internet Computer does not know.
    #[error("the public key is of an unsupported kind: {0}")]
    UnsupportedKey(String),
    /// The signature is malformed, or of something else, or by another key.
    #[error("the {0} signature does not match the public key and the content")]
    Mismatch(
        /// The scheme.
        &'static str,
    ),
    /// The signature is not an answer to the right challenge.
    #[error("the WebAuthn signature cannot be verified: {0}")]
    WebAuthn(String),
    /// The canister signature does not lead to this network's root key.
    #[error("the canister signature cannot be verified: {0}")]
    Canister(String),
}
