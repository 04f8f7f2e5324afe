//! The hash tree over all queued messages, which the canister's certified data is the root of.
//!
//! It lives on the heap and is built again from the queues when the canister starts.

use ic_certification::{AsHashTree, Hash, RbTree, labeled, labeled_hash};
use ic_ws_protocol::{
    MessageKey,
    cbor::{self, CborError},
    message_key::WEBSOCKET_LABEL,
};
use sha2::{Digest, Sha256};

/// Maps the text of each message's key to the hash of its content.
#[derive(Default)]
pub(crate) struct MessageTree(RbTree<String, Hash>);

impl MessageTree {
    pub fn insert(&mut self, key: MessageKey, content: &[u8]) {
        self.0
            .insert(key.to_string(), Sha256::digest(content).into());
    }

    pub fn remove(&mut self, key: MessageKey) {
        self.0.delete(key.to_string().as_bytes());
    }

    /// What the canister must certify.
    pub fn root_hash(&self) -> Hash {
        labeled_hash(WEBSOCKET_LABEL, &self.0.root_hash())
    }

    /// Proves the contents from `first` to `last`, both included: a CBOR hash tree.
    pub fn witness(&self, first: MessageKey, last: MessageKey) -> Result<Vec<u8>, CborError> {
        let (first, last) = (first.to_string(), last.to_string());
        let messages = self.0.value_range(first.as_bytes(), last.as_bytes());
        cbor::to_vec(&labeled(WEBSOCKET_LABEL, messages))
    }
}
