//! `scripts/xtask pictures`: builds the page and what takes its pictures, and puts them into `docs/`.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{app::App, build, layout::Layout, test};

/// Takes the pictures anew.
pub fn run(layout: &Layout) -> Result<()> {
    test::ensure_browser(layout)?;
    let artifacts = build::canisters_and_page(layout, &App::main(layout))?;
    build::programs(layout, &["pictures"])?;
    let program = artifacts.pictures;
    let taken = Command::new(&program)
        .arg(layout.root().join("docs"))
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(taken.success(), "the pictures are not taken: see above");
    Ok(())
}
