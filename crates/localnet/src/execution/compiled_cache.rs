//! Compiled modules on disk: what one network has compiled, neither its restart nor another network compiles again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wasmtime::Module;

/// Files kept; the oldest ones make room.
const MAX_FILES: usize = 64;

/// A directory of compiled modules, each named by the hash of the instrumented module it was made from.
pub struct CompiledCache {
    dir: PathBuf,
}

impl CompiledCache {
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// Loads the module, or compiles and stores it. A cache that cannot be used costs time, nothing else.
    pub fn load_or_compile(
        &self,
        engine: &wasmtime::Engine,
        wasm: &[u8],
    ) -> wasmtime::Result<Module> {
        let path = self
            .dir
            .join(format!("{}.cwasm", hex::encode(Sha256::digest(wasm))));
        if path.exists() {
            // SAFETY: the file holds native code, so it has to be one that `store` wrote: it is in a directory of this
            // user's networks, which only those can write to who could replace this program as well. It is renamed
            // into place when complete. wasmtime refuses files of other versions of itself and of other settings.
            match unsafe { Module::deserialize_file(engine, &path) } {
                Ok(module) => return Ok(module),
                Err(error) => tracing::debug!("{} is compiled anew: {error:#}", path.display()),
            }
        }
        let module = Module::new(engine, wasm)?;
        if let Err(error) = self.store(&path, &module.serialize()?) {
            tracing::warn!(
                "{}: the compiled module cannot be kept: {error}",
                path.display()
            );
        }
        Ok(module)
    }

    fn store(&self, path: &Path, compiled: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        self.make_room()?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        io::Write::write_all(&mut file, compiled)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Other networks may be doing the same.
    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if let Ok(modified) = entry.metadata().and_then(|file| file.modified()) {
                files.push((modified, entry.path()));
            }
        }
        files.sort();
        let surplus = (files.len() + 1).saturating_sub(MAX_FILES);
        for (_, path) in files.into_iter().take(surplus) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
