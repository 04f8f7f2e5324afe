//! Who this person is to the canister: a guest, or somebody who has signed in.

use ic_ws_client::{
    Ed25519Signer, SignError, Signer,
    sign_in::Session,
    signer::{EnvelopeContent, SignedDelegation},
};

/// Who signs what this person sends.
#[derive(Clone, Debug)]
pub enum Identity {
    /// The temporary guest of this tab.
    Guest(Ed25519Signer),
    /// Somebody who has signed in.
    SignedIn(Session),
}

impl Identity {
    /// Whether this is a guest.
    pub fn is_guest(&self) -> bool {
        matches!(self, Self::Guest(_))
    }
}

impl Signer for Identity {
    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Guest(signer) => signer.public_key(),
            Self::SignedIn(session) => session.public_key(),
        }
    }

    fn delegations(&self) -> Vec<SignedDelegation> {
        match self {
            Self::Guest(signer) => signer.delegations(),
            Self::SignedIn(session) => session.delegations(),
        }
    }

    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Guest(signer) => signer.signature(content).await,
            Self::SignedIn(session) => session.signature(content).await,
        }
    }
}
