//! Keeps this machine's folders out of what is compiled for canisters and browsers, where panics name source files: the
//! same source then makes the same module wherever it is built.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::layout::Layout;

/// Between the flags in [`VARIABLE`], which therefore may contain spaces.
const SEPARATOR: &str = "\x1f";
/// Overrides all that environment and Cargo's configuration say of flags.
pub(super) const VARIABLE: &str = "CARGO_ENCODED_RUSTFLAGS";

/// The value of [`VARIABLE`].
pub(super) fn flags(layout: &Layout) -> Result<OsString> {
    let mut flags = OsString::new();
    for (folder, name) in folders(layout)? {
        if !flags.is_empty() {
            flags.push(SEPARATOR);
        }
        flags.push("--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    }
    Ok(flags)
}

/// The folders that the compiler knows by their full paths, and what they are called instead. The workspace is not among
/// them: what is in it, Cargo names relative to it.
fn folders(layout: &Layout) -> Result<Vec<(PathBuf, String)>> {
    let cargo = cargo_home().map(|folder| (folder, "/cargo".to_owned()));
    Ok(cargo
        .into_iter()
        .chain([standard_library(layout)?])
        .collect())
}

/// Where Cargo keeps the sources of dependencies.
fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// The source of the standard library, where it is installed, is called what it is called where it is not.
fn standard_library(layout: &Layout) -> Result<(PathBuf, String)> {
    let sysroot = rustc(layout, &["--print", "sysroot"])?;
    let version = rustc(layout, &["--version", "--verbose"])?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "))
        .context("rustc does not say of which commit it is")?;
    let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
    Ok((source, format!("/rustc/{commit}")))
}

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
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
