//! Makes the JavaScript glue of a module that runs in a browser.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

/// Makes `<name>.js` and `<name>_bg.wasm` in `folder`, unless they were made of this very module before. Gives their names, and
/// whether they are new.
pub(super) fn bind(name: &str, module: &Path, folder: &Path) -> Result<(BTreeSet<OsString>, bool)> {
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let files = BTreeSet::from([
        format!("{name}.js").into(),
        format!("{name}_bg.wasm").into(),
    ]);
    let made_of = folder.with_extension("made-of");
    let digest = hex::encode(Sha256::digest(&bytes));
    let is_made = files.iter().all(|file| folder.join(file).is_file())
        && fs::read_to_string(&made_of).is_ok_and(|made_of| made_of == digest);
    if !is_made {
        Bindgen::new()
            .input_bytes(name, bytes)
            .web(true)
            .and_then(|bindgen| {
                bindgen
                    .typescript(false)
                    .remove_name_section(true)
                    .remove_producers_section(true)
                    .generate(folder)
            })
            .map_err(|error| error.context(format!("cannot make the JavaScript glue of {name}")))?;
        fs::write(&made_of, digest)?;
    }
    Ok((files, !is_made))
}
