//! The identities of `ic-agent`.

use ic_agent::Identity;
use ic_transport_types::{EnvelopeContent, SignedDelegation};

use super::{SignError, Signer};

/// Any identity of `ic-agent`: of a key file, a hardware key, or one with delegations.
#[derive(Debug, Clone)]
pub struct AgentSigner<I> {
    identity: I,
    public_key: Vec<u8>,
}

impl<I: Identity> AgentSigner<I> {
    /// A signer that signs as `identity` does.
    ///
    /// # Errors
    /// When it has no public key: the anonymous identity cannot open a connection.
    pub fn new(identity: I) -> Result<Self, SignError> {
        let public_key = identity
            .public_key()
            .ok_or_else(|| SignError::Key("the identity has no public key".into()))?;
        Ok(Self {
            identity,
            public_key,
        })
    }
}

impl<I: Identity> Signer for AgentSigner<I> {
    fn public_key(&self) -> Vec<u8> {
        self.public_key.clone()
    }

    fn delegations(&self) -> Vec<SignedDelegation> {
        self.identity.delegation_chain()
    }

    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        let signature = self.identity.sign(content).map_err(SignError::Key)?;
        signature
            .signature
            .ok_or_else(|| SignError::Key("the identity made no signature".into()))
    }
}
