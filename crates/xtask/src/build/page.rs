//! Makes the page's folder: the compiled app with its JavaScript glue, and the static files beside it.

use std::{collections::BTreeSet, env, ffi::OsString, fs, path::Path};

use anyhow::{Context, Result};

use super::glue::bind;
use crate::{asset_headers, deploy::GATEWAYS, media_type::MediaType};

/// The compiled app is `app.js` and `app_bg.wasm`.
const APP: &str = "app";
const LOCAL_GATEWAY: &str = "ws://127.0.0.1:8080";

/// Fills `page` with the app compiled to `module` and with the static files of `sources`, of which the first that has a
/// file counts; and with nothing else. Gives whether the app is new.
pub(super) fn assemble<'a>(
    module: &Path,
    sources: impl IntoIterator<Item = &'a Path>,
    page: &Path,
) -> Result<bool> {
    fs::create_dir_all(page)?;
    let (mut wanted, is_made) = bind(APP, module, page)?;
    let is_static = |file: &OsString| MediaType::of(Path::new(file)).is_some();
    for source in sources {
        for file in files(source)?.into_iter().filter(is_static) {
            let is_new = wanted.insert(file.clone());
            if is_new {
                write(&page.join(&file), &fs::read(source.join(&file))?)?;
            }
        }
    }
    // For other tools that upload the page. Our own ask the network which gateways these are.
    let gateways = env::var(GATEWAYS).unwrap_or_else(|_| LOCAL_GATEWAY.to_owned());
    let headers = asset_headers::file(&gateways);
    write(&page.join(asset_headers::FILE), headers.as_bytes())?;
    wanted.insert(asset_headers::FILE.into());
    for file in files(page)?.difference(&wanted) {
        fs::remove_file(page.join(file))?;
    }
    Ok(is_made)
}

/// Unless that is what is there: nothing is missing while another build looks.
fn write(file: &Path, content: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|present| present == content) {
        return Ok(());
    }
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

fn files(folder: &Path) -> Result<BTreeSet<OsString>> {
    fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.file_name()))
        .collect()
}
