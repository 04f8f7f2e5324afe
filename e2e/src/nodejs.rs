//! Node.js, which runs the scripts in `e2e/js/`.

use std::{ffi::OsStr, path::Path};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::wait::within_deadline;

/// Node.js with one of the scripts; it ends when nobody waits for it any more.
pub fn command(script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(script)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("js"))
        .kill_on_drop(true);
    node
}

/// Runs a script to its end; gives what it writes to its standard output.
///
/// # Errors
/// With all that it has written, if it fails.
pub async fn run(
    script: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<Vec<u8>> {
    let output = command(script).args(arguments).output();
    let output = within_deadline(script, output)
        .await?
        .context("cannot run node")?;
    ensure!(
        output.status.success(),
        "{script} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
