//! The memory that all bodies share, of requests and of pages, in bytes. Whoever finds none left is refused rather than
//! kept waiting: those who have some may be waiting for more themselves.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone)]
pub(crate) struct BodyMemory(Arc<Semaphore>);

/// What one body has taken of it; given back when dropped.
pub(super) struct Share(OwnedSemaphorePermit);

/// Other bodies have taken all there is.
#[derive(Debug, thiserror::Error)]
#[error("too many large bodies are being worked on; try again later")]
pub(super) struct OutOfBodyMemory;

impl BodyMemory {
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    pub(super) fn take(&self, bytes: usize) -> Result<Share, OutOfBodyMemory> {
        let share = u32::try_from(bytes)
            .ok()
            .and_then(|bytes| self.0.clone().try_acquire_many_owned(bytes).ok());
        share.map(Share).ok_or(OutOfBodyMemory)
    }
}

impl Share {
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// The bytes that the share was taken for; it is given back when the last of them has been sent.
    pub fn hold(self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Held {
            bytes,
            _share: self,
        })
    }
}

struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
