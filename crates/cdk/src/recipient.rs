//! Whom a message is for.

use std::fmt;

use candid::Principal;
use ic_ws_protocol::ClientKey;

/// One connection, or all connections of a principal. Made from either:
///
/// ```
/// use ic_ws_cdk::{ClientKey, Recipient};
///
/// let everywhere = candid::Principal::management_canister();
/// let here = ClientKey { client_principal: everywhere, client_nonce: 1 };
/// assert_eq!(Recipient::from(&here), Recipient::Connection(here));
/// assert_eq!(Recipient::from(everywhere), Recipient::Principal(everywhere));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The one connection of this key.
    Connection(ClientKey),
    /// Whatever connections the principal has at the time.
    Principal(Principal),
}

impl From<ClientKey> for Recipient {
    fn from(client_key: ClientKey) -> Self {
        Self::Connection(client_key)
    }
}

impl From<&ClientKey> for Recipient {
    fn from(client_key: &ClientKey) -> Self {
        Self::Connection(*client_key)
    }
}

impl From<Principal> for Recipient {
    fn from(principal: Principal) -> Self {
        Self::Principal(principal)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(client_key) => write!(f, "client {client_key}"),
            Self::Principal(principal) => write!(f, "principal {principal}"),
        }
    }
}
