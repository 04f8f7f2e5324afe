//! The client's own tests, to be run in a browser.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{browser_cargo, glue::bind, toolchain::ensure_wasm_target};
use crate::layout::Layout;

const NAME: &str = "client_tests";

/// Where the client's tests are: the module, and the script that loads it.
#[derive(Clone, Debug)]
pub struct ClientTests {
    /// Its default export loads the module that it is given, whose export `main` runs the tests.
    pub script: PathBuf,
    /// The module.
    pub module: PathBuf,
}

impl ClientTests {
    /// The paths, whether or not anything is built there yet.
    pub fn of(layout: &Layout) -> Self {
        let folder = folder(layout);
        Self {
            script: folder.join(format!("{NAME}.js")),
            module: folder.join(format!("{NAME}_bg.wasm")),
        }
    }
}

fn folder(layout: &Layout) -> PathBuf {
    layout.target().join("client-tests")
}

/// What cargo says of what it has built.
#[derive(Deserialize)]
struct Built {
    executable: Option<PathBuf>,
}

/// Builds the tests that need no platform.
pub fn client_tests(layout: &Layout) -> Result<()> {
    ensure_wasm_target(layout)?;
    eprintln!("Building the client's tests for a browser…");
    let output = browser_cargo(layout, "test", "ic-ws-client")?
        .args([
            "--no-run",
            "--quiet",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--test", "it"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the client's tests do not build for a browser: see cargo's errors above");
    }
    let module = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Built>(line).ok()?.executable)
        .next_back()
        .context("cargo does not say where the client's tests are")?;
    bind(NAME, &module, &folder(layout))?;
    Ok(())
}
