//! Who the gateway is to canisters: an Ed25519 key that outlives the process, as canisters keep a queue for
//! each gateway principal, and may allow only some.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use candid::Principal;
use ic_ed25519::{PrivateKey, PrivateKeyDecodingError, PrivateKeyFormat};
use ic_transport_types::{Envelope, EnvelopeContent};
use thiserror::Error;
use tracing::{info, warn};

/// Shorter than the five minutes that the network allows at most, for clocks that differ.
const REQUEST_LIFETIME: Duration = Duration::from_secs(4 * 60);

/// A key pair and its principal.
#[derive(Debug)]
pub struct Identity {
    key: PrivateKey,
    public_key_der: Vec<u8>,
    principal: Principal,
}

/// The key file cannot be used.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// There is a file, but it cannot be read.
    #[error("cannot read the identity file '{path}': {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the identity file '{path}' holds no Ed25519 key in PKCS #8: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: PrivateKeyDecodingError,
    },
    /// There is no file, and it cannot be created.
    #[error("cannot create the identity file '{path}': {source}")]
    Create {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The operating system gave no random bytes.
    #[error("the system has no random numbers for a key: {0}")]
    Random(getrandom::Error),
}

impl Identity {
    /// A new random identity that is kept nowhere.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(IdentityError::Random)?;
        Ok(PrivateKey::deserialize_raw_32(&seed).into())
    }

    /// The identity in the file at `path` (PKCS #8, PEM or DER). If there is none, a new one is written
    /// there, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be read or created, or holds no Ed25519 key.
    pub fn load_or_create(path: &Path) -> Result<Self, IdentityError> {
        match fs::read(path) {
            Ok(bytes) => Self::load(path, &bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let identity = Self::generate()?;
                identity
                    .save(path)
                    .map_err(|source| IdentityError::Create {
                        path: path.to_owned(),
                        source,
                    })?;
                info!(path = %path.display(), "created a new identity");
                Ok(identity)
            }
            Err(source) => Err(IdentityError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Who the gateway is.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// Signs and encodes a request for the network.
    pub(crate) fn sign(&self, content: EnvelopeContent) -> Vec<u8> {
        let signature = self.key.sign_message(&content.to_request_id().signable());
        Envelope {
            content: std::borrow::Cow::Owned(content),
            sender_pubkey: Some(self.public_key_der.clone()),
            sender_sig: Some(signature.to_vec()),
            sender_delegation: None,
        }
        .encode_bytes()
    }

    fn load(path: &Path, bytes: &[u8]) -> Result<Self, IdentityError> {
        if let Ok(metadata) = fs::metadata(path)
            && metadata.permissions().mode() & 0o077 != 0
        {
            warn!(path = %path.display(), "others than its owner may read the identity file");
        }
        match std::str::from_utf8(bytes) {
            Ok(pem) => PrivateKey::deserialize_pkcs8_pem(pem),
            Err(_) => PrivateKey::deserialize_pkcs8(bytes),
        }
        .map(Self::from)
        .map_err(|source| IdentityError::Malformed {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes the whole file or nothing, and never over another one.
    fn save(&self, path: &Path) -> io::Result<()> {
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(directory)?;
        // A temporary file has mode 0600, and keeps it.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(
            self.key
                .serialize_pkcs8_pem(PrivateKeyFormat::Pkcs8v2)
                .as_bytes(),
        )?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        Ok(())
    }
}

impl From<PrivateKey> for Identity {
    fn from(key: PrivateKey) -> Self {
        let public_key_der = key.public_key().serialize_rfc8410_der();
        Self {
            principal: Principal::self_authenticating(&public_key_der),
            public_key_der,
            key,
        }
    }
}

/// When a request that is made now expires, in nanoseconds since 1970.
pub(crate) fn ingress_expiry() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from((now + REQUEST_LIFETIME).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_identity_is_found_again_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data/identity.pem");
        let created = Identity::load_or_create(&path).unwrap();
        let loaded = Identity::load_or_create(&path).unwrap();
        assert_eq!(created.principal(), loaded.principal());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn der_as_older_tools_write_it_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key_pair");
        let identity = Identity::generate().unwrap();
        for format in [
            PrivateKeyFormat::Pkcs8v1,
            PrivateKeyFormat::Pkcs8v2,
            PrivateKeyFormat::Pkcs8v2WithRingBug,
        ] {
            fs::write(&path, identity.key.serialize_pkcs8(format)).unwrap();
            let loaded = Identity::load_or_create(&path).unwrap();
            assert_eq!(loaded.principal(), identity.principal());
        }
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.pem");
        fs::write(&path, "not a key").unwrap();
        let error = Identity::load_or_create(&path).unwrap_err();
        assert!(matches!(error, IdentityError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains("identity.pem"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"not a key");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Identity::load_or_create(&file.join("identity.pem")).unwrap_err();
        assert!(error.to_string().contains("identity.pem"), "{error}");
    }
}
