//! The file behind a heap: what instances map.

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::FileExt as _},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// An unnamed file with the content of a heap, and a count of those who have it mapped.
///
/// Private mappings see later writes to their file, so an image may be written to only while nobody but the writer
/// reads it; [`Image::wait_until_unread`] is how the writer makes sure.
#[derive(Debug)]
pub struct Image {
    file: File,
    readers: Mutex<usize>,
    unread: Condvar,
}

impl Image {
    pub fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            file: unnamed_file()?,
            readers: Mutex::new(0),
            unread: Condvar::new(),
        }))
    }

    pub fn resize(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    pub fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    pub fn as_fd(&self) -> impl AsFd {
        self.file.as_fd()
    }

    pub fn wait_until_unread(&self) {
        let mut readers = self.readers();
        while *readers > 0 {
            readers = self
                .unread
                .wait(readers)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn readers(&self) -> MutexGuard<'_, usize> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps an image from being written to.
#[derive(Debug)]
pub struct Reader(Arc<Image>);

impl Reader {
    pub fn new(image: &Arc<Image>) -> Self {
        *image.readers() += 1;
        Self(Arc::clone(image))
    }

    pub fn image(&self) -> &Image {
        &self.0
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut readers = self.0.readers();
        *readers -= 1;
        if *readers == 0 {
            self.0.unread.notify_all();
        }
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
