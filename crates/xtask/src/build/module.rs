//! The modules as they are deployed: each says of which version and commit it is, and is compressed.
//!
//! Made of what Cargo has built, beside it: a commit alone makes no other module, and so compiles nothing anew. A module
//! cannot contain its own hash. It is printed; the network shows the same for what is installed.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasm_encoder::{CustomSection, Section as _};

use super::Artifacts;
use crate::{files::replace, gzip::gzip, layout::Layout};

/// The metadata section with the version, which anybody may read.
const VERSION: &str = "icp:public version";
/// The one with the commit of the source; ends in `-dirty` if that was changed since.
const COMMIT: &str = "icp:public git_commit_id";

/// A module that can be deployed to any network.
#[derive(Clone, Debug)]
pub struct Module {
    /// What `icp.yaml` calls the canister.
    pub name: &'static str,
    /// The file: Wasm, compressed with gzip.
    pub path: PathBuf,
    /// The file's SHA-256, in hexadecimal: the module hash on the network.
    pub hash: String,
}

/// The version of what is built here.
pub(crate) const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

impl Module {
    /// Makes the modules of what was built last.
    pub fn make_all(layout: &Layout) -> Result<Vec<Self>> {
        let artifacts = Artifacts::of(layout);
        let commit = Commit::of(layout.root());
        let folder = layout.target().join("canisters");
        fs::create_dir_all(&folder)?;
        [
            ("backend", &artifacts.backend_wasm),
            ("frontend", &artifacts.asset_canister_wasm),
        ]
        .into_iter()
        .map(|(name, built)| {
            let wasm =
                fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
            let content = gzip(&labelled(wasm, commit.as_ref()))?;
            let path = folder.join(format!("{name}.wasm.gz"));
            replace(&path, &content)?;
            let hash = hex::encode(Sha256::digest(&content));
            Ok(Self { name, path, hash })
        })
        .collect()
    }
}

/// As `sha256sum` prints it.
impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.hash, self.path.display())
    }
}

/// The commit that is checked out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Commit(String);

impl Commit {
    /// That of the source in `root`; `None` outside of a repository.
    ///
    /// Files that Git does not know do not count: none of them is compiled unless one that it does know says so.
    pub(crate) fn of(root: &Path) -> Option<Self> {
        let git = Command::new("git")
            .arg("-C")
            .arg(root)
            .args([
                "describe",
                "--always",
                "--dirty",
                "--abbrev=40",
                "--exclude=*",
            ])
            .output()
            .ok()?;
        let commit = String::from_utf8_lossy(&git.stdout).trim().to_owned();
        (git.status.success() && !commit.is_empty()).then_some(Self(commit))
    }

    /// Whether there are changes that are not committed.
    pub(crate) fn is_dirty(&self) -> bool {
        self.0.ends_with("-dirty")
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn labelled(mut wasm: Vec<u8>, commit: Option<&Commit>) -> Vec<u8> {
    let commit = commit.map(|commit| commit.0.as_str());
    for (name, text) in [(VERSION, Some(version())), (COMMIT, commit)] {
        if let Some(text) = text {
            let section = CustomSection {
                name: name.into(),
                data: text.as_bytes().into(),
            };
            section.append_to(&mut wasm);
        }
    }
    wasm
}

#[cfg(test)]
mod tests {
    use wasmparser::{Parser, Payload};

    use super::*;

    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    fn sections(wasm: &[u8]) -> Vec<(String, String)> {
        let sections = Parser::new(0).parse_all(wasm);
        let custom = sections.filter_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) => Some((
                section.name().to_owned(),
                String::from_utf8(section.data().to_vec()).unwrap(),
            )),
            _ => None,
        });
        custom.collect()
    }

    #[test]
    fn a_module_says_of_which_version_and_commit_it_is() {
        let labelled = labelled(EMPTY.to_vec(), Some(&Commit("c0ffee".to_owned())));
        assert_eq!(
            sections(&labelled),
            [
                (VERSION.to_owned(), version().to_owned()),
                (COMMIT.to_owned(), "c0ffee".to_owned())
            ]
        );
    }

    #[test]
    fn outside_of_a_repository_there_is_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Commit::of(folder.path()), None);
        assert_eq!(sections(&labelled(EMPTY.to_vec(), None)).len(), 1);
    }
}
