//! Makes the page's folder: the compiled app with its JavaScript glue, and the static files beside it.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::size::PageSize;
use crate::media_type::MediaType;

/// The app is `chat.js` and `chat_bg.wasm`.
const APP: &str = "chat";

/// Fills `page` with the app compiled to `module` and with the static files of `source`, and with nothing else. Says how
/// large it has become if the app has changed.
pub(super) fn assemble(module: &Path, source: &Path, page: &Path) -> Result<()> {
    fs::create_dir_all(page)?;
    let (mut wanted, changed) = bind(APP, module, page)?;
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
    if changed {
        eprintln!("{}", PageSize::of(page, module)?);
    }
    Ok(())
}

/// Makes the JavaScript glue and the module beside it, `name.js` and `name_bg.wasm`, unless it was made of this very module
/// before; gives the names of these files, and whether they are new.
pub(super) fn bind(name: &str, module: &Path, page: &Path) -> Result<(BTreeSet<OsString>, bool)> {
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let files = BTreeSet::from([
        format!("{name}.js").into(),
        format!("{name}_bg.wasm").into(),
    ]);
    let made_of = page.with_extension("made-of");
    let digest = hex::encode(Sha256::digest(&bytes));
    let is_made = files.iter().all(|file| page.join(file).is_file())
        && fs::read_to_string(&made_of).is_ok_and(|made_of| made_of == digest);
    if is_made {
        return Ok((files, false));
    }
    Bindgen::new()
        .input_bytes(name, bytes)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate(page)
        })
        .map_err(|error| error.context("cannot make the page's JavaScript glue"))?;
    fs::write(&made_of, digest)?;
    Ok((files, true))
}

fn files(folder: &Path) -> Result<BTreeSet<OsString>> {
    fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.file_name()))
        .collect()
}
