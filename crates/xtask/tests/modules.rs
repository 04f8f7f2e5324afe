//! The modules, as `scripts/test` has built them: the same wherever they are built, and with their interfaces.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use wasmparser::{Parser, Payload};
use xtask::{app::App, build::Artifacts, layout::Layout};

/// The folders that are other ones on another machine.
fn folders(layout: &Layout) -> Result<Vec<PathBuf>> {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let own = [layout.root(), layout.target()].map(Path::to_owned);
    Ok([cargo.context("no home directory")?, env::temp_dir()]
        .into_iter()
        .chain(own)
        .collect())
}

#[test]
fn no_module_tells_where_it_was_built() -> Result<()> {
    let layout = Layout::of_this_workspace();
    let artifacts = Artifacts::of(&layout);
    for module in [
        artifacts.backend_wasm,
        artifacts.asset_canister_wasm,
        artifacts.identity_wasm,
        artifacts.page.join("app_bg.wasm"),
    ] {
        let bytes = fs::read(&module).with_context(|| module.display().to_string())?;
        for folder in folders(&layout)? {
            let text = format!("{}/", folder.display());
            let mut places = bytes.windows(text.len());
            assert!(
                !places.any(|place| place == text.as_bytes()),
                "{} contains {text}",
                module.display()
            );
        }
    }
    Ok(())
}

/// What everybody may read of a module's interface.
fn interface(wasm: &[u8]) -> Result<Option<&str>> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == "icp:public candid:service"
        {
            return Ok(Some(str::from_utf8(section.data())?));
        }
    }
    Ok(None)
}

#[test]
fn the_examples_tell_their_interfaces() -> Result<()> {
    let layout = Layout::of_this_workspace();
    for app in App::examples(&layout)? {
        let wasm = fs::read(Artifacts::with(&layout, &app).backend_wasm)?;
        let file = format!("examples/{}/backend/backend.did", app.name());
        let expected = fs::read_to_string(layout.root().join(file))?;
        assert_eq!(interface(&wasm)?, Some(&*expected), "{}", app.name());
    }
    Ok(())
}
