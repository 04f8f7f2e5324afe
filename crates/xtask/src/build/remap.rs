//! Keeps this machine's folders out of what is compiled for canisters and browsers, where panics name source files: the
//! same source then makes the same module wherever it is built.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::Result;

use super::toolchain::{rustc, version_field};
use crate::layout::Layout;

/// Between the flags in [`VARIABLE`], which therefore may contain spaces.
const SEPARATOR: &str = "\x1f";
/// Overrides all that environment and Cargo's configuration say of flags.
pub(super) const VARIABLE: &str = "CARGO_ENCODED_RUSTFLAGS";

/// The value of [`VARIABLE`]: the same for all builds of this process, so rustc is asked once.
pub(super) fn flags(layout: &Layout) -> Result<&'static OsString> {
    static FLAGS: OnceLock<OsString> = OnceLock::new();
    match FLAGS.get() {
        Some(flags) => Ok(flags),
        None => {
            let flags = joined_flags(layout)?;
            Ok(FLAGS.get_or_init(|| flags))
        }
    }
}

fn joined_flags(layout: &Layout) -> Result<OsString> {
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
    let commit = version_field(layout, "commit-hash")?;
    let source = Path::new(&sysroot).join("lib/rustlib/src/rust");
    Ok((source, format!("/rustc/{commit}")))
}
