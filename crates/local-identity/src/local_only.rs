//! A defence against the one mistake that would matter: this canister on a network with something to protect.

use ic_canister_sig_creation::IC_ROOT_PK_DER;
use thiserror::Error;

/// The network is not a local one.
#[derive(Debug, Error, PartialEq)]
#[error(
    "anyone can sign in here as anyone: this canister is for local networks only, and does not run on the Internet Computer"
)]
pub struct NotLocal;

/// Refuses the network whose root key is the mainnet's.
pub fn check(root_key: &[u8]) -> Result<(), NotLocal> {
    if root_key == IC_ROOT_PK_DER {
        return Err(NotLocal);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mainnet_is_refused() {
        assert_eq!(check(IC_ROOT_PK_DER), Err(NotLocal));
        let mut local = *IC_ROOT_PK_DER;
        local[132] ^= 1;
        assert_eq!(check(&local), Ok(()));
    }
}
