//! What is certified of a message: encoded and hashed but once as far as all its recipients get the same.

use ic_certification::Hash;
use ic_ws_protocol::{ClientKey, SharedContent, cbor::CborError};
use sha2::{Digest, Sha256};

/// A message, to any number of clients.
pub(crate) struct Content {
    pub timestamp: u64,
    shared: SharedContent,
    /// Of `shared`, to go on with what is not.
    hash: Sha256,
}

impl Content {
    pub fn new(
        content: &[u8],
        timestamp: u64,
        is_service_message: bool,
    ) -> Result<Self, CborError> {
        let shared = SharedContent::new(content, timestamp, is_service_message)?;
        let hash = Sha256::new_with_prefix(shared.as_bytes());
        Ok(Self {
            timestamp,
            shared,
            hash,
        })
    }

    /// How many bytes it has, but for the few that tell for whom it is.
    pub fn len(&self) -> usize {
        self.shared.as_bytes().len()
    }

    /// The CBOR for one of them, and its hash.
    pub fn to_client(
        &self,
        client_key: &ClientKey,
        sequence_num: u64,
    ) -> Result<(Vec<u8>, Hash), CborError> {
        let own = SharedContent::own(client_key, sequence_num)?;
        let hash = self.hash.clone().chain_update(&own).finalize();
        Ok(([self.shared.as_bytes(), &own].concat(), hash.into()))
    }
}
