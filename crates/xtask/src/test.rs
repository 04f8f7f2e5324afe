//! `scripts/test`: everything that tests need, then every test.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{build, layout::Layout};

/// Builds what the tests drive, installs what they need, and runs them: the quick ones first, the end-to-end ones last.
pub fn run(layout: &Layout) -> Result<()> {
    ensure_browser()?;
    ensure_published_client(&layout.e2e_js())?;
    build::all(layout)?;
    // No package is selected, for the reason given at `build::programs`.
    for targets in [&["--lib", "--bins"][..], &["--doc"], &["--test", "*"]] {
        let mut cargo = build::cargo(layout);
        cargo.args(["test", "--workspace"]).args(targets);
        ensure!(
            cargo.status().context("cannot run cargo")?.success(),
            "tests have failed: see above"
        );
    }
    Ok(())
}

/// Installs Chromium and its driver, where that can be done without asking.
fn ensure_browser() -> Result<()> {
    let is_missing = |program: &&str| !is_installed(program);
    let missing: Vec<_> = ["chromium", "chromedriver"]
        .into_iter()
        .filter(is_missing)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let can_install = rustix::process::geteuid().is_root() && is_installed("apt-get");
    ensure!(
        can_install,
        "the browser tests need {}: install Debian's packages `chromium` and `chromium-driver` \
         (sudo apt-get install chromium chromium-driver), or what your system calls them",
        missing.join(" and ")
    );
    eprintln!("Installing Chromium for the browser tests…");
    for arguments in [
        &["update"][..],
        &[
            "install",
            "--yes",
            "--no-install-recommends",
            "chromium",
            "chromium-driver",
        ],
    ] {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .status()
            .context("cannot run apt-get")?;
        ensure!(
            status.success(),
            "apt-get {} failed: see above",
            arguments.join(" ")
        );
    }
    Ok(())
}

/// Installs the published JavaScript client, which one of the tests drives.
fn ensure_published_client(package: &Path) -> Result<()> {
    let lock = package.join("package-lock.json");
    if !lock.exists() {
        return Ok(());
    }
    let installed = package.join("node_modules/installed-package-lock.json");
    let wanted = fs::read(&lock)?;
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    for program in ["node", "npm"] {
        ensure!(
            is_installed(program),
            "one of the tests drives the published JavaScript client and needs {program}: install Node.js 20 or newer \
             (Debian: sudo apt-get install nodejs npm)"
        );
    }
    eprintln!("Installing the published JavaScript client…");
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(package)
        .status()
        .context("cannot run npm")?;
    if !status.success() {
        bail!("npm ci failed in {}: see above", package.display());
    }
    fs::write(installed, wanted)?;
    Ok(())
}

fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
