//! `scripts/release`: everything that is given to others, in one folder, with checksums and bills of materials.

mod materials;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use self::materials::Materials;
use crate::{
    app::App,
    build::{self, Commit, Module, WASM_TARGET},
    layout::Layout,
};

/// Makes `target/release-<version>` anew.
pub fn run(layout: &Layout) -> Result<()> {
    let commit = match Commit::of(layout.root()) {
        Some(commit) if commit.is_dirty() => {
            bail!("there are changes that are not committed: nobody could build this release again")
        }
        Some(commit) => commit,
        None => bail!(
            "the source is in no Git repository: nobody could tell what this release is made of"
        ),
    };
    let version = build::version();
    let folder = layout.target().join(format!("release-{version}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;

    let host = build::host(layout)?;
    let artifacts = build::canisters_and_page(layout, &App::main(layout))?;
    for Module { path, .. } in Module::make_all(layout)? {
        copy(&path, &folder.join(path.file_name().unwrap_or_default()))?;
    }
    copy(
        &layout.root().join("backend/chat.did"),
        &folder.join("backend.did"),
    )?;
    pack(&artifacts.page, &folder.join("page.tar.gz"))?;
    build::optimised_gateway(layout)?;
    let gateway = format!("ic-ws-gateway-{version}-{host}");
    copy(&artifacts.optimised_gateway, &folder.join(gateway))?;

    for (name, manifest, target) in [
        ("ic-ws-gateway", "gateway/Cargo.toml", host.as_str()),
        ("backend", "backend/Cargo.toml", WASM_TARGET),
        ("page", "frontend/Cargo.toml", WASM_TARGET),
        (
            "frontend",
            "frontend/asset-canister/Cargo.toml",
            WASM_TARGET,
        ),
    ] {
        let materials = Materials::of(layout, manifest, target)
            .with_context(|| format!("no bill of materials of {name}"))?;
        let bill = serde_json::to_vec_pretty(&materials.bill())?;
        fs::write(folder.join(format!("{name}.cdx.json")), bill)?;
    }
    let sums = checksums(&folder)?;
    fs::write(folder.join("SHA256SUMS"), &sums)?;
    println!(
        "Version {version} of commit {commit}, in {}:\n{sums}",
        folder.display()
    );
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// The files of `folder`, as one.
fn pack(folder: &Path, archive: &Path) -> Result<()> {
    let status = Command::new("tar")
        .arg("-czf")
        .arg(archive)
        .arg("-C")
        .arg(folder)
        .arg(".")
        .status()
        .context("cannot run tar")?;
    ensure!(status.success(), "tar failed: see above");
    Ok(())
}

/// As `sha256sum --check` reads them.
fn checksums(folder: &Path) -> Result<String> {
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    let mut sums = String::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let sum = hex::encode(Sha256::digest(fs::read(&file)?));
        sums.push_str(&format!("{sum}  {name}\n"));
    }
    Ok(sums)
}
