//! Signing in with Internet Identity, or any other provider that speaks as it does: in a window of its own, over ICRC-29
//! (window post messages) and ICRC-34 (delegations).
//!
//! - [`exchange`]: what is said to the provider's window, as a state machine without I/O.
//! - `window` (browser): that window, and the messages to and from it.
//! - `session` (browser): the key and the delegation, kept until they expire.
//!
//! The page gets a key that only the browser can use, and the provider a request to delegate to it. Whoever reads along in
//! the page or between can take over neither the person's key nor that of the session.

pub mod exchange;
mod json_rpc;
#[cfg(target_family = "wasm")]
mod session;
#[cfg(target_family = "wasm")]
mod window;

use std::time::Duration;

use thiserror::Error;

use crate::signer::{DelegationError, SignError};

#[cfg(target_family = "wasm")]
pub use session::{Session, SessionError};

/// Where Internet Identity signs people in.
pub const INTERNET_IDENTITY: &str = "https://id.ai/authorize";

/// With whom to sign in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInConfig {
    /// The address of the provider's page.
    pub provider_url: String,
    /// The DER-encoded public key of the network that the provider is on: it proves what the provider signed.
    pub root_key: Vec<u8>,
    /// How long the session is to last. The provider may make it shorter: Internet Identity allows 30 days.
    pub session_lifetime: Duration,
    /// How long the provider's page may take to answer for the first time.
    pub load_timeout: Duration,
    /// How long the person may take after that.
    pub person_timeout: Duration,
}

impl SignInConfig {
    /// For eight hours, with the provider at `provider_url` on the network of `root_key`.
    pub fn new(provider_url: impl Into<String>, root_key: impl Into<Vec<u8>>) -> Self {
        const HOUR: Duration = Duration::from_secs(60 * 60);
        Self {
            provider_url: provider_url.into(),
            root_key: root_key.into(),
            session_lifetime: 8 * HOUR,
            load_timeout: HOUR / 60,
            person_timeout: HOUR / 4,
        }
    }
}

/// Why nobody signed in.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInError {
    /// The address of the provider is none.
    #[error("the identity provider has no valid address: {0}")]
    ProviderUrl(String),
    /// The browser did not open the provider's window.
    #[error("the browser blocked the sign-in window: allow pop-ups for this page, and try again")]
    WindowBlocked,
    /// The person closed the provider's window.
    #[error("the sign-in window was closed")]
    WindowClosed,
    /// The provider's page did not answer.
    #[error("the identity provider did not answer within {0:?}")]
    NoAnswer(Duration),
    /// The person did not decide.
    #[error("nobody signed in within {0:?}")]
    TimedOut(Duration),
    /// The person refused.
    #[error("sign-in was refused")]
    Refused,
    /// The provider cannot do it.
    #[error("the identity provider reported: {message} (code {code})")]
    Provider {
        /// The JSON-RPC error code, as in ICRC-25.
        code: i64,
        /// The provider's words.
        message: String,
    },
    /// The provider's answer is not one.
    #[error("the identity provider sent a malformed answer: {0}")]
    Malformed(String),
    /// The provider's delegation cannot be used.
    #[error("the identity provider sent a delegation that is not valid: {0}")]
    Delegation(#[from] DelegationError),
    /// The browser did not make a key.
    #[error(transparent)]
    Key(#[from] SignError),
}
