//! What the network vouches for: its keys, the state tree, and certificates over parts of it.
//!
//! Everything here is pure but for loading the keys; the interface specification's chapter
//! "Certification" is the reference.

mod certificate;
mod hash_map;
mod keys;
mod state_tree;

pub use certificate::CertifiedState;
pub use keys::{KeysError, NetworkKeys, NodeKey, RootKey};
pub use state_tree::{CanisterLeaves, Metadata, RequestOrigin, RequestStatus, StateTree};
