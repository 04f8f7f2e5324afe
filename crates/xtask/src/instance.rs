//! One instance at a time: a locked file says whether one runs, and holds its process id.
//!
//! The system drops the lock when the process ends, however it ends, so nothing stale can remain.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use anyhow::{Context, Result};

/// Held for as long as this process is the running instance.
#[derive(Debug)]
pub(crate) struct Instance {
    _locked: File,
}

impl Instance {
    /// Becomes the running instance, or gives the process id of the one that runs already.
    pub(crate) fn acquire(lock: &Path) -> Result<Result<Self, u32>> {
        if let Some(folder) = lock.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = open(lock)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                write!(file, "{}", std::process::id())?;
                Ok(Ok(Self { _locked: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Err(holder(&mut file)?)),
            Err(TryLockError::Error(error)) => {
                Err(error).context(format!("cannot lock {}", lock.display()))
            }
        }
    }

    /// The process id of the running instance.
    pub(crate) fn running(lock: &Path) -> Result<Option<u32>> {
        if !lock.exists() {
            return Ok(None);
        }
        let mut file = open(lock)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(holder(&mut file)?)),
            Err(TryLockError::Error(error)) => {
                Err(error).context(format!("cannot lock {}", lock.display()))
            }
        }
    }
}

fn open(lock: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(lock)
        .with_context(|| format!("cannot open {}", lock.display()))
}

fn holder(file: &mut File) -> Result<u32> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    text.trim()
        .parse()
        .context("the lock of the running instance does not hold its process id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_learns_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("sub/instance.lock");
        assert_eq!(Instance::running(&lock).unwrap(), None);
        let first = Instance::acquire(&lock).unwrap().unwrap();
        assert_eq!(
            Instance::acquire(&lock).unwrap().unwrap_err(),
            std::process::id()
        );
        assert_eq!(Instance::running(&lock).unwrap(), Some(std::process::id()));
        drop(first);
        assert_eq!(Instance::running(&lock).unwrap(), None);
        Instance::acquire(&lock).unwrap().unwrap();
    }
}
