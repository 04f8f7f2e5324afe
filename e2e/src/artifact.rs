//! What was built beforehand: nothing here builds anything.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// The content of a file that the scripts build.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| {
        format!(
            "{}: scripts/test and scripts/bench build it",
            path.display()
        )
    })
}
