//! The names under which a canister certifies its outgoing messages.

use std::{fmt, str::FromStr};

use candid::Principal;
use thiserror::Error;

/// The label of the subtree of the canister's certified data that holds all messages.
pub const WEBSOCKET_LABEL: &[u8] = b"websocket";

const NONCE_DIGITS: usize = 20;

/// Message number [`nonce`](Self::nonce) of the queue of [`gateway`](Self::gateway).
///
/// Its text form, `<gateway>_<nonce, 20 digits, zero padded>`, sorts like the nonces of one gateway.
///
/// ```
/// use ic_ws_protocol::MessageKey;
///
/// let key: MessageKey = "aaaaa-aa_00000000000000000042".parse()?;
/// assert_eq!(key.nonce, 42);
/// assert_eq!(key.to_string(), "aaaaa-aa_00000000000000000042");
/// # Ok::<_, ic_ws_protocol::message_key::ParseMessageKeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// The gateway whose queue holds the message.
    pub gateway: Principal,
    /// The number of the message in that queue, from 0.
    pub nonce: u64,
}

/// The text is not a [`MessageKey`].
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("'{0}' is not of the form <gateway principal>_<20 digits>")]
pub struct ParseMessageKeyError(String);

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:0NONCE_DIGITS$}", self.gateway, self.nonce)
    }
}

impl FromStr for MessageKey {
    type Err = ParseMessageKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseMessageKeyError(text.to_owned());
        let (gateway, nonce) = text.split_once('_').ok_or_else(error)?;
        if nonce.len() != NONCE_DIGITS || !nonce.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        Ok(Self {
            gateway: Principal::from_text(gateway).map_err(|_| error())?,
            nonce: nonce.parse().map_err(|_| error())?,
        })
    }
}
