//! Ed25519 identities in PEM files, made on first use.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result, anyhow};
use ic_agent::identity::BasicIdentity;
use ic_ed25519::{PrivateKey, PrivateKeyFormat};

/// Loads the identity in `path`, or makes a new one there that only its owner can read.
pub fn load_or_create(path: &Path) -> Result<BasicIdentity> {
    let key = match fs::read_to_string(path) {
        Ok(pem) => PrivateKey::deserialize_pkcs8_pem(&pem).map_err(|error| {
            anyhow!(
                "{} holds no Ed25519 key in PKCS #8 PEM form ({error:?}); delete it to get a new one",
                path.display()
            )
        })?,
        Err(error) if error.kind() == ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(error).context(format!("cannot read {}", path.display())),
    };
    Ok(BasicIdentity::from_raw_key(&key.serialize_raw()))
}

fn create(path: &Path) -> Result<PrivateKey> {
    let key = PrivateKey::generate();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(
                key.serialize_pkcs8_pem(PrivateKeyFormat::Pkcs8v1)
                    .as_bytes(),
            )
        })
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use ic_agent::Identity;

    use super::*;

    #[test]
    fn an_identity_is_made_once_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/identity.pem");
        let made = load_or_create(&path).unwrap().sender().unwrap();
        let loaded = load_or_create(&path).unwrap().sender().unwrap();
        assert_eq!(made, loaded);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_file_that_is_no_key_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.pem");
        fs::write(&path, "nonsense").unwrap();
        let error = load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("identity.pem"), "{error}");
    }
}
