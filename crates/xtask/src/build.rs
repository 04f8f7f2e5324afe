//! Builds everything that runs: cargo decides what is out of date.

mod client_tests;
mod glue;
mod module;
mod page;
mod remap;
mod size;
mod toolchain;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, anyhow, bail};

pub use client_tests::{ClientTests, client_tests};
pub use module::Module;
pub(crate) use module::{Commit, version};
pub use size::PageSize;
pub(crate) use toolchain::host;

use self::toolchain::ensure_wasm_target;
use crate::{app::App, layout::Layout};

/// What canisters and pages are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";
const WASM_PROFILE: &str = "wasm";

/// What runs on this machine beside the browser.
pub(crate) const STARTED_PROGRAMS: [&str; 2] = ["ic-localnet", "ic-ws-gateway"];

/// Where the results of a build are.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// The app's canister.
    pub backend_wasm: PathBuf,
    /// The canister that serves the page.
    pub asset_canister_wasm: PathBuf,
    /// The local identity provider.
    pub identity_wasm: PathBuf,
    /// The folder with the page's files.
    pub page: PathBuf,
    /// The local network.
    pub localnet: PathBuf,
    /// The gateway.
    pub gateway: PathBuf,
    /// The gateway, in the build that is run in earnest.
    pub optimised_gateway: PathBuf,
    /// The benchmarks.
    pub bench: PathBuf,
    /// What takes the pictures of the page.
    pub pictures: PathBuf,
    /// The folder with the client for a page of the benchmarks.
    pub replay: PathBuf,
}

impl Artifacts {
    /// The paths where the app is the one in the root of the workspace, whether or not anything is built there yet.
    pub fn of(layout: &Layout) -> Self {
        Self::with(layout, &App::main(layout))
    }

    /// The paths, whether or not anything is built there yet.
    pub fn with(layout: &Layout, app: &App) -> Self {
        let wasm = wasm_folder(layout);
        let native = layout.target().join("debug");
        Self {
            backend_wasm: canister_module(layout, app),
            asset_canister_wasm: wasm.join("asset_canister.wasm"),
            identity_wasm: wasm.join("local_identity.wasm"),
            page: match app.is_main() {
                true => layout.target().join("frontend"),
                false => layout.target().join("examples").join(app.name()),
            },
            localnet: native.join("ic-localnet"),
            gateway: native.join("ic-ws-gateway"),
            optimised_gateway: layout.target().join("release/ic-ws-gateway"),
            bench: native.join("bench"),
            pictures: native.join("pictures"),
            replay: layout.target().join("replay"),
        }
    }
}

/// The canisters that only tests run: the smallest example, and some that were built with older CDKs.
#[derive(Clone, Debug)]
pub struct TestCanisters {
    /// The smallest example.
    pub ping_pong: PathBuf,
    /// The published WebSocket CDK.
    pub published_cdk: PathBuf,
    /// The chat canister, with a past made up.
    pub filled_chat: PathBuf,
    /// This project's WebSocket CDK, telling what it costs.
    pub measured: PathBuf,
    /// The published one, telling the same.
    pub measured_published: PathBuf,
    /// One method for each thing that a network does for a canister.
    pub veteran: PathBuf,
}

impl TestCanisters {
    /// The paths, whether or not anything is built there yet.
    pub fn of(layout: &Layout) -> Self {
        let wasm = wasm_folder(layout);
        Self {
            ping_pong: wasm.join("ping_pong_backend.wasm"),
            published_cdk: wasm.join("published_cdk.wasm"),
            filled_chat: wasm.join("filled_chat.wasm"),
            measured: wasm.join("measured.wasm"),
            measured_published: wasm.join("measured_published.wasm"),
            veteran: wasm.join("veteran.wasm"),
        }
    }
}

fn wasm_folder(layout: &Layout) -> PathBuf {
    layout.target().join(WASM_TARGET).join(WASM_PROFILE)
}

/// Builds what is started.
pub fn all(layout: &Layout, app: &App) -> Result<Artifacts> {
    let programs = || programs(layout, &STARTED_PROGRAMS);
    let canisters = || canisters_and_page(layout, app);
    if Artifacts::of(layout).localnet.exists() {
        programs()?;
        return canisters();
    }
    at_once(programs, canisters)
}

/// Builds native programs and WebAssembly beside each other, as linking a canister keeps only one core busy: for builds that
/// have minutes of work.
pub(crate) fn at_once<T: Send>(
    native: impl FnOnce() -> Result<()>,
    wasm: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    thread::scope(|scope| {
        let wasm = scope.spawn(wasm);
        native()?;
        wasm.join()
            .map_err(|_| anyhow!("the build for WebAssembly panicked"))?
    })
}

/// Builds programs that run on this machine.
///
/// Selects no packages but binaries: then the features of shared dependencies are the same in every native build and test
/// of the workspace, and nothing is compiled twice.
pub(crate) fn programs(layout: &Layout, names: &[&str]) -> Result<()> {
    programs_as(layout, "dev", names)
}

/// Builds the gateway as it is run in earnest.
pub(crate) fn optimised_gateway(layout: &Layout) -> Result<()> {
    programs_as(layout, "release", &["ic-ws-gateway"])
}

fn programs_as(layout: &Layout, profile: &str, names: &[&str]) -> Result<()> {
    let mut cargo = cargo(layout);
    cargo.args(["build", "--workspace", "--profile", profile]);
    for name in names {
        cargo.args(["--bin", name]);
    }
    if !cargo.status().context("cannot run cargo")?.success() {
        let names = names.join(" or ");
        bail!("{names} does not build: see cargo's errors above");
    }
    Ok(())
}

/// Builds what is deployed: the canisters and the page.
pub fn canisters_and_page(layout: &Layout, app: &App) -> Result<Artifacts> {
    ensure_wasm_target(layout)?;
    eprintln!("Building the canisters and the page…");
    // One package at a time: what one needs of a shared dependency must not find its way into another's module.
    backend(layout, app)?;
    if page(layout, app)? {
        eprintln!("{}", page_size(layout, app)?);
    }
    wasm(
        layout,
        "the asset canister",
        &["--manifest-path", "frontend/asset-canister/Cargo.toml"],
    )?;
    wasm(
        layout,
        "the local identity provider",
        &["--package", "local-identity"],
    )?;
    Ok(Artifacts::with(layout, app))
}

fn backend(layout: &Layout, app: &App) -> Result<()> {
    let package = app.backend();
    // Of a crate that is a library for others as well, Cargo would not optimise the module as a whole.
    let module = ["--package", &package, "--lib", "--crate-type", "cdylib"];
    wasm(layout, &format!("the canister of {}", app.name()), &module)
}

/// Gives whether the page is another one than before.
fn page(layout: &Layout, app: &App) -> Result<bool> {
    let mut cargo = browser_cargo(layout, "rustc", &app.frontend())?;
    cargo.arg("--bins");
    quietly(cargo, &format!("the page of {}", app.name()))?;
    let page = Artifacts::with(layout, app).page;
    page::assemble(&page_module(layout, app), app.static_files(), &page)
}

/// How large the page of an app is that was built last.
pub fn page_size(layout: &Layout, app: &App) -> Result<PageSize> {
    let page = Artifacts::with(layout, app).page;
    PageSize::of(&page, &page_module(layout, app))
}

fn canister_module(layout: &Layout, app: &App) -> PathBuf {
    let module = app.backend().replace('-', "_");
    wasm_folder(layout).join(module).with_extension("wasm")
}

/// The page's module as it is compiled, with names.
fn page_module(layout: &Layout, app: &App) -> PathBuf {
    wasm_folder(layout)
        .join(app.frontend())
        .with_extension("wasm")
}

/// Builds the examples.
pub fn examples(layout: &Layout) -> Result<()> {
    ensure_wasm_target(layout)?;
    eprintln!("Building the examples…");
    for app in App::examples(layout)? {
        backend(layout, &app)?;
        page(layout, &app)?;
    }
    Ok(())
}

/// Builds the canisters that only tests run.
pub fn test_canisters(layout: &Layout) -> Result<()> {
    ensure_wasm_target(layout)?;
    eprintln!("Building the tests' canisters…");
    for canister in ["published-cdk", "veteran"] {
        test_canister(layout, canister)?;
    }
    filled_chat(layout)?;
    measured_canisters(layout)
}

/// Builds the chat canister that benchmarks fill.
pub(crate) fn filled_chat(layout: &Layout) -> Result<()> {
    test_canister(layout, "filled-chat")
}

/// Builds the canister of the smallest example.
pub(crate) fn ping_pong(layout: &Layout) -> Result<()> {
    ensure_wasm_target(layout)?;
    backend(layout, &App::named(layout, Some("ping-pong"))?)
}

/// Builds the canisters that the benchmark of the WebSocket CDK measures.
pub(crate) fn measured_canisters(layout: &Layout) -> Result<()> {
    ensure_wasm_target(layout)?;
    for canister in ["measured", "measured-published"] {
        test_canister(layout, canister)?;
    }
    Ok(())
}

/// Builds the client for a page of the benchmarks.
pub(crate) fn replay(layout: &Layout) -> Result<()> {
    ensure_wasm_target(layout)?;
    let cargo = browser_cargo(layout, "rustc", "replay")?;
    quietly(cargo, "the client that is measured")?;
    let module = wasm_folder(layout).join("replay.wasm");
    glue::bind("replay", &module, &Artifacts::of(layout).replay).map(drop)
}

fn test_canister(layout: &Layout, name: &str) -> Result<()> {
    let manifest = format!("e2e/canisters/{name}/Cargo.toml");
    wasm(
        layout,
        &format!("the test canister {name}"),
        &["--manifest-path", &manifest],
    )
}

fn wasm(layout: &Layout, what: &str, selection: &[&str]) -> Result<()> {
    let mut cargo = wasm_cargo(layout, "rustc")?;
    cargo.args(selection);
    quietly(cargo, what)
}

/// The build of the native programs may show its progress at the same time.
fn quietly(mut cargo: Command, what: &str) -> Result<()> {
    let output = cargo
        .arg("--quiet")
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{what} does not build:\n{said}");
    }
    eprint!("{said}");
    Ok(())
}

/// Cargo, which makes the same modules of the same source whatever folders and settings this machine has.
fn wasm_cargo(layout: &Layout, command: &str) -> Result<Command> {
    let mut cargo = cargo(layout);
    cargo
        .args([command, "--locked"])
        .args(["--target", WASM_TARGET, "--profile", WASM_PROFILE])
        .env(remap::VARIABLE, remap::flags(layout)?);
    Ok(cargo)
}

/// Cargo, about a package that runs in a browser. wasm-bindgen strips its module, but first needs to see what the
/// compiler notes in it.
fn browser_cargo(layout: &Layout, command: &str, package: &str) -> Result<Command> {
    let mut cargo = wasm_cargo(layout, command)?;
    let strip = format!("profile.{WASM_PROFILE}.package.{package}.strip='debuginfo'");
    cargo.args(["--package", package, "--config", &strip]);
    Ok(cargo)
}

pub(crate) fn cargo(layout: &Layout) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .current_dir(layout.root())
        // Wherever Cargo's configuration would put it: `Artifacts` are looked for here.
        .env("CARGO_TARGET_DIR", layout.target());
    cargo
}
