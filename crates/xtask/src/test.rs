//! `scripts/test`: everything that tests need, then every test.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{app::App, build, layout::Layout};

/// Programs of which any one will do, and the Debian package with the first of them.
type Program = (&'static [&'static str], &'static str);

/// The browser that tests drive.
const BROWSER: [Program; 2] = [
    // chromedriver finds any of these by itself.
    (
        &["chromium", "chromium-browser", "google-chrome"],
        "chromium",
    ),
    (&["chromedriver"], "chromium-driver"),
];

/// What runs the published JavaScript packages.
const NODEJS: [Program; 2] = [(&["node"], "nodejs"), (&["npm"], "npm")];

const UNIT_TESTS: [&str; 2] = ["--lib", "--bins"];
const INTEGRATION_TESTS: [&str; 2] = ["--test", "*"];

/// Builds what the tests drive, installs what they need, and runs them: the quick ones first, the end-to-end ones last.
pub fn run(layout: &Layout) -> Result<()> {
    ensure_browser(layout)?;
    build::at_once(|| compile_native(layout), || compile_wasm(layout))?;
    for targets in [&UNIT_TESTS[..], &["--doc"], &INTEGRATION_TESTS] {
        cargo_test(layout, targets)?;
    }
    Ok(())
}

fn compile_native(layout: &Layout) -> Result<()> {
    build::programs(layout, &build::STARTED_PROGRAMS)?;
    cargo_test(
        layout,
        &[&UNIT_TESTS[..], &INTEGRATION_TESTS, &["--no-run"]].concat(),
    )
}

fn compile_wasm(layout: &Layout) -> Result<()> {
    build::canisters_and_page(layout, &App::main(layout))?;
    // A project that `scripts/new` has made has none of these.
    if layout.e2e_js().exists() {
        build::examples(layout)?;
        build::test_canisters(layout)?;
        build::replay(layout)?;
        build::client_tests(layout)?;
    }
    Ok(())
}

/// Selects no package, for the reason given at `build::programs`.
fn cargo_test(layout: &Layout, arguments: &[&str]) -> Result<()> {
    let mut cargo = build::cargo(layout);
    cargo.args(["test", "--workspace"]).args(arguments);
    ensure!(
        cargo.status().context("cannot run cargo")?.success(),
        "tests do not compile, or have failed: see above"
    );
    Ok(())
}

/// Sees to the browser, and to what others published for it.
pub(crate) fn ensure_browser(layout: &Layout) -> Result<()> {
    let packages = layout.e2e_js();
    if !packages.exists() {
        return ensure_programs(&BROWSER);
    }
    ensure_programs(&[BROWSER, NODEJS].concat())?;
    ensure_javascript_packages(&packages)
}

/// Installs the programs that the tests run, where that can be done without asking.
fn ensure_programs(programs: &[Program]) -> Result<()> {
    let missing: Vec<_> = programs
        .iter()
        .filter(|(programs, _)| !programs.iter().any(|program| is_installed(program)))
        .map(|&(_, package)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    ensure!(
        rustix::process::geteuid().is_root() && is_installed("apt-get"),
        "the tests run programs that are not installed; their Debian packages (elsewhere they may have other names): \
         sudo apt-get install {packages}"
    );
    eprintln!("Installing what the tests run: {packages}…");
    apt_get(&["update"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    apt_get(&[&install, &missing[..]].concat())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
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
    Ok(())
}

/// Installs the published JavaScript packages that tests drive.
fn ensure_javascript_packages(package: &Path) -> Result<()> {
    let lock = package.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let installed = package.join("node_modules/installed-package-lock.json");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("Installing the published JavaScript packages…");
    let status = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(package)
        .status()
        .context("cannot run npm")?;
    ensure!(
        status.success(),
        "npm ci failed in {}: see above",
        package.display()
    );
    fs::write(installed, wanted)?;
    Ok(())
}

fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
