//! Who this person is to the canister: a guest, or somebody who has signed in.

use std::future::Future;

use ic_ws_client::{
    Ed25519Signer, RandomError, SignError, Signer,
    sign_in::{Session, SessionError, SignInConfig, SignInError},
    signer::{EnvelopeContent, SignedDelegation},
};

use crate::{env::Env, guest};

/// Who signs what this person sends.
#[derive(Clone, Debug)]
pub enum Identity {
    /// The temporary guest of this tab.
    Guest(Ed25519Signer),
    /// Somebody who has signed in.
    SignedIn(Session),
}

impl Identity {
    /// The guest of this tab: the one that it has, or a new one.
    ///
    /// # Errors
    /// When the browser gives no random numbers for a key.
    pub fn guest() -> Result<Self, RandomError> {
        Ok(Self::Guest(guest::signer()?))
    }

    /// Who this person was before the page was loaded: the guest of this tab, or whoever has signed in, in any tab.
    pub async fn restore() -> Option<Self> {
        if let Some(guest) = guest::known() {
            return Some(Self::Guest(guest));
        }
        // A browser that keeps nothing has nothing to restore.
        Session::restore().await.ok().flatten().map(Self::SignedIn)
    }

    /// Has somebody sign in, in a window of the identity provider, and keeps it for the next time. To be called while a click
    /// is handled: browsers open windows only then. Dropping the future closes the window.
    pub fn sign_in(env: &Env) -> impl Future<Output = Result<Self, SignInError>> + 'static {
        let provider = env.identity_provider.as_str();
        let session = Session::sign_in(SignInConfig::new(provider, env.root_key.as_slice()));
        async move {
            let session = session.await?;
            // In a browser that keeps nothing it lasts until the next reload.
            let _ = session.keep().await;
            Ok(Self::SignedIn(session))
        }
    }

    /// Whoever is here has left: the next one is somebody else. The guest is forgotten at once.
    ///
    /// # Errors
    /// When the browser does not forget who has signed in.
    pub fn forget() -> impl Future<Output = Result<(), SessionError>> + 'static {
        guest::forget();
        Session::forget()
    }

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
