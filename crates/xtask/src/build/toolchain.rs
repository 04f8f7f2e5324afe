//! The Rust that builds: what it says of itself, and what it needs for canisters and pages.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};

use super::WASM_TARGET;
use crate::layout::Layout;

/// Works in the workspace, whose `rust-toolchain.toml` says which Rust it is about.
pub(super) fn rustc(layout: &Layout, arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc")
        .current_dir(layout.root())
        .args(arguments)
        .output()
        .context("cannot run rustc")?;
    ensure!(
        output.status.success(),
        "rustc {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What rustc says of itself under this name.
pub(super) fn version_field(layout: &Layout, name: &str) -> Result<String> {
    let version = rustc(layout, &["--version", "--verbose"])?;
    let mut fields = version.lines().filter_map(|line| line.split_once(": "));
    fields
        .find_map(|(field, value)| (field == name).then(|| value.to_owned()))
        .with_context(|| format!("rustc does not say its {name}"))
}

/// What this machine is, in the compiler's words.
pub(crate) fn host(layout: &Layout) -> Result<String> {
    version_field(layout, "host")
}

/// Adds the target of canisters and pages, should it be missing.
pub(super) fn ensure_wasm_target(layout: &Layout) -> Result<()> {
    let libraries = rustc(
        layout,
        &["--print", "target-libdir", "--target", WASM_TARGET],
    )?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    eprintln!("Adding the compilation target {WASM_TARGET}…");
    match Command::new("rustup")
        .current_dir(layout.root())
        .args(["target", "add", WASM_TARGET])
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => bail!("`rustup target add {WASM_TARGET}` failed: see its error above"),
        Err(_) => bail!(
            "this Rust has no {WASM_TARGET} target, and there is no rustup to add it: \
             install Rust by rustup (https://rustup.rs), or the target by the package manager that Rust came with"
        ),
    }
}
