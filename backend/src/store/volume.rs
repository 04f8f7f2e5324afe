//! How much people have written and shown.

use ic_stable_structures::{Memory, StableCell};

pub(crate) struct Volume<M: Memory> {
    bytes: StableCell<u64, M>,
}

impl<M: Memory> Volume<M> {
    pub fn open(bytes: M) -> Self {
        Self {
            bytes: StableCell::init(bytes, 0),
        }
    }

    /// The bytes of all messages and images.
    pub fn bytes(&self) -> u64 {
        *self.bytes.get()
    }

    /// Something of so many bytes has taken the place of something else.
    pub fn replace(&mut self, before: u64, after: u64) {
        if before != after {
            let bytes = self.bytes().saturating_sub(before).saturating_add(after);
            self.bytes.set(bytes);
        }
    }
}
