//! What a canister remembers between messages: its heap (linear memory), its globals and its stable memory.
//!
//! A message never works on the committed state itself. The heap is mapped copy-on-write into a fresh Wasm instance,
//! stable memory is read through an overlay; success writes the differences back, a trap just drops them.

mod heap;
mod image;
mod mapping;
mod stable;

pub use heap::{Heap, HeapChanges, HeapView};
pub use mapping::{changed_pages, map_private};
pub use stable::{StableError, StableLimits, StableMemory, StableOverlay, WASM_PAGE};

/// The granularity of copy-on-write: the page of the operating system on most platforms.
pub const PAGE: usize = 4096;
