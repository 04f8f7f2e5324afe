//! Reads the page's folder into what the asset canister should serve.

use std::{collections::BTreeMap, ffi::OsStr, fs, path::Path};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{asset_headers, deploy::environment::Environment, gzip::gzip, media_type::MediaType};

/// A file as it should be served.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asset {
    pub key: String,
    pub content_type: &'static str,
    pub headers: BTreeMap<String, String>,
    pub encodings: Vec<Encoding>,
}

/// A file's content in one content encoding.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Encoding {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub sha256: Vec<u8>,
}

impl Encoding {
    pub(super) fn new(name: &'static str, bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&bytes).to_vec();
        Self {
            name,
            bytes,
            sha256,
        }
    }
}

/// All files of `folder`, in order of their names.
pub(super) fn read(folder: &Path, environment: &Environment) -> Result<Vec<Asset>> {
    let mut assets = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name == asset_headers::FILE {
            // Nothing to serve, but what other tools learn the headers from.
            continue;
        }
        let MediaType {
            content_type,
            compressible,
        } = MediaType::of(&path).with_context(|| {
            format!(
                "{} is not of a kind that a page consists of",
                path.display()
            )
        })?;
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        assets.push(Asset {
            key: format!("/{name}"),
            content_type,
            headers: environment.headers(name)?,
            encodings: encodings(bytes, compressible)?,
        });
    }
    if let Some(domains) = environment.domains() {
        let name = ".well-known/ic-domains";
        assets.push(Asset {
            key: format!("/{name}"),
            content_type: "text/plain; charset=utf-8",
            headers: environment.headers(name)?,
            encodings: encodings(domains.into_bytes(), false)?,
        });
    }
    assets.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(assets)
}

fn encodings(bytes: Vec<u8>, compressible: bool) -> Result<Vec<Encoding>> {
    let mut encodings = Vec::new();
    if compressible {
        let compressed = gzip(&bytes)?;
        if compressed.len() < bytes.len() {
            encodings.push(Encoding::new("gzip", compressed));
        }
    }
    encodings.push(Encoding::new("identity", bytes));
    Ok(encodings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressible_files_come_compressed_too_the_same_each_time() {
        let text = "a".repeat(1000).into_bytes();
        let both = encodings(text.clone(), true).unwrap();
        assert_eq!(
            both.iter()
                .map(|encoding| encoding.name)
                .collect::<Vec<_>>(),
            ["gzip", "identity"]
        );
        assert_eq!(both, encodings(text.clone(), true).unwrap());
        assert_eq!(encodings(text, false).unwrap().len(), 1);
    }

    #[test]
    fn what_compression_would_enlarge_stays_as_it_is() {
        assert_eq!(
            encodings(Vec::new(), true).unwrap(),
            [Encoding::new("identity", Vec::new())]
        );
    }
}
