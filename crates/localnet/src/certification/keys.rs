//! The keys that make a network: the root key signs the state, the node key signs query responses.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use candid::Principal;
use ic_transport_types::{NodeSignature, QueryResponse, RequestId};
use ic_verify_bls_signature::PrivateKey;
use tempfile::NamedTempFile;

const ROOT_KEY_FILE: &str = "root.key";
const NODE_KEY_FILE: &str = "node.key";
const STATE_ROOT_DOMAIN: &[u8] = b"\x0Dic-state-root";

/// SubjectPublicKeyInfo of a BLS12-381 key in G2 up to the key itself: the object identifiers
/// 1.3.6.1.4.1.44668.5.3.{1.2.1, 2.1}, and a bit string of 96 bytes.
const BLS_DER_PREFIX: [u8; 37] = *b"\
    \x30\x81\x82\x30\x1d\x06\x0d\x2b\x06\x01\x04\x01\x82\xdc\x7c\x05\x03\x01\x02\x01\
    \x06\x0c\x2b\x06\x01\x04\x01\x82\xdc\x7c\x05\x03\x02\x01\x03\x61\x00";

/// Why the keys could not be loaded or made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The key file cannot be read or written.
    #[error("cannot access the key file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The key file holds something that is no key.
    #[error("{} does not hold a key: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The operating system gave no randomness.
    #[error("no randomness for a new key: {0}")]
    Randomness(getrandom::Error),
}

/// The BLS12-381 key that signs the state; its public half is the network's root key.
#[derive(Clone)]
pub struct RootKey {
    private: PrivateKey,
    // It costs a curve multiplication, and every request that is authenticated asks for it.
    public: [u8; 96],
}

impl RootKey {
    fn new(private: PrivateKey) -> Self {
        Self {
            public: private.public_key().serialize(),
            private,
        }
    }

    /// The public key as clients compare it: DER, 133 bytes.
    pub fn public_key_der(&self) -> Vec<u8> {
        [BLS_DER_PREFIX.as_slice(), &self.public].concat()
    }

    /// The public key without its DER wrapping: 96 bytes.
    pub fn public_key_raw(&self) -> [u8; 96] {
        self.public
    }

    /// Signs the root hash of a state tree: 48 bytes.
    pub fn sign_state_root(&self, root_hash: &[u8; 32]) -> Vec<u8> {
        let message = [STATE_ROOT_DOMAIN, root_hash].concat();
        self.private.sign(&message).serialize().to_vec()
    }
}

/// The Ed25519 key of the network's only node.
#[derive(Clone)]
pub struct NodeKey(ic_ed25519::PrivateKey);

impl NodeKey {
    /// The public key: DER, 44 bytes.
    pub fn public_key_der(&self) -> Vec<u8> {
        self.0.public_key().serialize_rfc8410_der()
    }
}

/// All keys of the network, with the principals that follow from them.
#[derive(Clone)]
pub struct NetworkKeys {
    root: RootKey,
    node: NodeKey,
    subnet_id: Principal,
    node_id: Principal,
}

impl NetworkKeys {
    /// Fresh keys that live as long as the process.
    ///
    /// # Errors
    /// If the operating system gives no randomness.
    pub fn generate() -> Result<Self, KeysError> {
        Ok(Self::new(
            RootKey::new(new_key(|bytes| PrivateKey::deserialize(bytes).ok())?),
            NodeKey(new_key(|bytes| {
                Some(ic_ed25519::PrivateKey::deserialize_raw_32(bytes))
            })?),
        ))
    }

    /// The keys kept in `state_dir`, made there on the first start; without a directory, fresh ones.
    ///
    /// # Errors
    /// If a key file cannot be read or written, or holds no key.
    pub fn load_or_create(state_dir: Option<&Path>) -> Result<Self, KeysError> {
        let fresh = Self::generate()?;
        let Some(dir) = state_dir else {
            return Ok(fresh);
        };
        fs::create_dir_all(dir).map_err(|source| KeysError::File {
            path: dir.to_owned(),
            source,
        })?;
        let path = dir.join(ROOT_KEY_FILE);
        let bytes = load_or_store(&path, &fresh.root.private.serialize())?;
        let root = PrivateKey::deserialize(&bytes).map_err(|_| KeysError::Invalid {
            path,
            reason: "it is no BLS12-381 private key",
        })?;
        let path = dir.join(NODE_KEY_FILE);
        let bytes = load_or_store(&path, &fresh.node.0.serialize_raw())?;
        let node =
            ic_ed25519::PrivateKey::deserialize_raw(&bytes).map_err(|_| KeysError::Invalid {
                path,
                reason: "it is no Ed25519 private key",
            })?;
        Ok(Self::new(RootKey::new(root), NodeKey(node)))
    }

    fn new(root: RootKey, node: NodeKey) -> Self {
        Self {
            subnet_id: Principal::self_authenticating(root.public_key_der()),
            node_id: Principal::self_authenticating(node.public_key_der()),
            root,
            node,
        }
    }

    /// The key that signs the state.
    pub fn root(&self) -> &RootKey {
        &self.root
    }

    /// The key that signs query responses.
    pub fn node(&self) -> &NodeKey {
        &self.node
    }

    /// The root public key as clients compare it: DER, 133 bytes.
    pub fn root_public_key_der(&self) -> Vec<u8> {
        self.root.public_key_der()
    }

    /// The principal of the only subnet, derived from its key, which is the root key.
    pub fn subnet_id(&self) -> Principal {
        self.subnet_id
    }

    /// The principal of the only node, derived from its key.
    pub fn node_id(&self) -> Principal {
        self.node_id
    }

    /// The node's signature over a query response, made at `time_ns`.
    pub fn sign_query_response(
        &self,
        response: &QueryResponse,
        request: RequestId,
        time_ns: u64,
    ) -> NodeSignature {
        let signature = self
            .node
            .0
            .sign_message(&response.signable(request, time_ns));
        NodeSignature {
            timestamp: time_ns,
            signature: signature.to_vec(),
            identity: self.node_id,
        }
    }
}

/// Draws random bytes until they are a key: not every 256-bit number is below a curve's order.
fn new_key<K>(parse: impl Fn(&[u8; 32]) -> Option<K>) -> Result<K, KeysError> {
    loop {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(KeysError::Randomness)?;
        if let Some(key) = parse(&bytes) {
            return Ok(key);
        }
    }
}

/// The content of `path`; if there is no such file, it is made with `fresh`, for the owner only.
fn load_or_store(path: &Path, fresh: &[u8]) -> Result<Vec<u8>, KeysError> {
    let failed = |source| KeysError::File {
        path: path.to_owned(),
        source,
    };
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found.map_err(failed),
    }
    // Written aside and renamed: a crash leaves no half-written key behind, and of two processes one is first.
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(dir).map_err(failed)?;
    file.write_all(fresh)
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(fresh.to_vec()),
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => fs::read(path).map_err(failed),
        Err(e) => Err(failed(e.error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keys_survive_a_restart_and_are_the_owners_only() {
        let dir = tempfile::tempdir().unwrap();
        let first = NetworkKeys::load_or_create(Some(dir.path())).unwrap();
        let second = NetworkKeys::load_or_create(Some(dir.path())).unwrap();
        assert_eq!(first.root_public_key_der(), second.root_public_key_der());
        assert_eq!(first.node_id(), second.node_id());
        for file in [ROOT_KEY_FILE, NODE_KEY_FILE] {
            let mode = fs::metadata(dir.path().join(file)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn networks_have_keys_of_their_own() {
        let [first, second] = [(); 2].map(|()| NetworkKeys::generate().unwrap());
        assert_ne!(first.subnet_id(), second.subnet_id());
        assert_ne!(first.node_id(), second.node_id());
    }

    #[test]
    fn a_broken_key_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(ROOT_KEY_FILE), "not a key").unwrap();
        let error = NetworkKeys::load_or_create(Some(dir.path())).err().unwrap();
        assert!(error.to_string().contains(ROOT_KEY_FILE), "{error}");
    }
}
