//! How stable memory is shared out. An id, once given, is never given to anything else.
//!
//! | ids       | owner                                      |
//! |-----------|--------------------------------------------|
//! | 0 – 3     | the chat, see [`ChatMemories`]             |
//! | 4 – 99    | free                                       |
//! | 100 – 107 | the WebSockets, see [`ic_ws_cdk::Storage`] |
//! | 108 – 254 | free                                       |

use ic_stable_structures::{
    DefaultMemoryImpl, Memory,
    memory_manager::{MemoryId, MemoryManager, VirtualMemory},
};
use ic_ws_cdk::Storage;

/// A stable memory of the canister.
pub(crate) type CanisterMemory = VirtualMemory<DefaultMemoryImpl>;

/// 1 MiB: as much as a structure grows by at a time. All together may grow to 32 GiB.
const BUCKET_PAGES: u16 = 16;

const WEBSOCKETS: u8 = 100;

thread_local! {
    static MANAGER: MemoryManager<DefaultMemoryImpl> =
        MemoryManager::init_with_bucket_size(DefaultMemoryImpl::default(), BUCKET_PAGES);
}

/// The memories of the chat's structures.
pub(crate) struct ChatMemories<M: Memory> {
    pub connections: M,
    pub people: M,
    pub messages: M,
    pub timeline: M,
}

/// The chat's memories.
pub(crate) fn chat() -> ChatMemories<CanisterMemory> {
    MANAGER.with(share)
}

/// The WebSockets' memories.
pub(crate) fn websockets() -> Storage {
    MANAGER.with(|manager| Storage::new(manager, WEBSOCKETS))
}

/// The chat's memories out of any manager's.
pub(crate) fn share<M: Memory>(manager: &MemoryManager<M>) -> ChatMemories<VirtualMemory<M>> {
    let memory = |id| manager.get(MemoryId::new(id));
    ChatMemories {
        connections: memory(0),
        people: memory(1),
        messages: memory(2),
        timeline: memory(3),
    }
}
