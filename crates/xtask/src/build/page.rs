//! Makes the page's folder: the compiled app with its JavaScript glue, and the static files beside it.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use anyhow::{Context, Result};

use super::glue::bind;
use crate::media_type::MediaType;

/// The app is `chat.js` and `chat_bg.wasm`.
const APP: &str = "chat";

/// Fills `page` with the app compiled to `module` and with the static files of `source`, and with nothing else.
pub(super) fn assemble(module: &Path, source: &Path, page: &Path) -> Result<()> {
    fs::create_dir_all(page)?;
    let mut wanted = bind(APP, module, page)?;
    let is_static = |file: &OsString| MediaType::of(Path::new(file)).is_some();
    for file in files(source)?.into_iter().filter(is_static) {
        let content = fs::read(source.join(&file))?;
        let copy = page.join(&file);
        if fs::read(&copy).ok().as_ref() != Some(&content) {
            fs::write(&copy, content)
                .with_context(|| format!("cannot write {}", copy.display()))?;
        }
        wanted.insert(file);
    }
    for file in files(page)?.difference(&wanted) {
        fs::remove_file(page.join(file))?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<BTreeSet<OsString>> {
    fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.file_name()))
        .collect()
}
