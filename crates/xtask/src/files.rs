//! Files that others may be looking at, and that need not be there.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
    process,
};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

/// What the file holds; `None` if there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let value = serde_json::from_slice(&text)
        .with_context(|| format!("{} does not hold what it should", path.display()))?;
    Ok(Some(value))
}

/// Writes the file so that it can be read by people, too.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    replace(path, text.as_bytes())
}

/// Whoever reads the file meanwhile gets all of the old content or all of the new.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let new = path.with_added_extension(format!("{}.unfinished", process::id()));
    fs::write(&new, content)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Does nothing if there is no such file.
pub(crate) fn remove(path: &Path) -> Result<()> {
    absent_is_fine(path, fs::remove_file(path))
}

/// Removes a folder with all that is in it; does nothing if there is no such folder.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    absent_is_fine(path, fs::remove_dir_all(path))
}

fn absent_is_fine(path: &Path, removed: io::Result<()>) -> Result<()> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.json");
        assert_eq!(read_json::<Vec<u8>>(&path).unwrap(), None);
        for numbers in [vec![1, 2], vec![3]] {
            write_json(&path, &numbers).unwrap();
            assert_eq!(read_json(&path).unwrap(), Some(numbers));
        }
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_holds_something_else_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.json");
        fs::write(&path, "many").unwrap();
        let error = read_json::<Vec<u8>>(&path).unwrap_err().to_string();
        assert!(error.contains("numbers.json"), "{error}");
    }
}
