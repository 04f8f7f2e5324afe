//! The file behind a heap: what instances map.

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::FileExt as _},
};

/// An unnamed file with the content of a heap.
///
/// Private mappings see later writes to their file, so an image may be written to only while nobody but the writer
/// has it mapped: whoever maps it shares it as long.
#[derive(Debug)]
pub struct Image(File);

impl Image {
    pub fn new() -> io::Result<Self> {
        unnamed_file().map(Self)
    }

    pub fn resize(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    pub fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    pub fn as_fd(&self) -> impl AsFd {
        self.0.as_fd()
    }
}

#[cfg(target_os = "linux")]
fn unnamed_file() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(File::from(memfd_create(
        "canister heap",
        MemfdFlags::CLOEXEC,
    )?))
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file() -> io::Result<File> {
    tempfile::tempfile()
}
