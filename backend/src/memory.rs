//! How stable memory is shared out. An id, once given, is never given to anything else.
//!
//! | ids       | owner                                      |
//! |-----------|--------------------------------------------|
//! | 0 – 3     | retired                                    |
//! | 4 – 9     | free                                       |
//! | 10 – 39   | the chat, see [`store`](crate::store)      |
//! | 40 – 99   | free                                       |
//! | 100 – 107 | the WebSockets, see [`ic_ws_cdk::Storage`] |
//! | 108 – 254 | free                                       |

use ic_stable_structures::{
    DefaultMemoryImpl, Memory,
    memory_manager::{MemoryId, MemoryManager, VirtualMemory},
};
use ic_ws_cdk::Storage;

use crate::store::Store;

/// A stable memory of the canister.
pub type CanisterMemory = VirtualMemory<DefaultMemoryImpl>;

/// 1 MiB: as much as a structure grows by at a time. All together may grow to 32 GiB.
const BUCKET_PAGES: u16 = 16;

const CHAT: u8 = 10;
const WEBSOCKETS: u8 = 100;

thread_local! {
    static MANAGER: MemoryManager<DefaultMemoryImpl> =
        MemoryManager::init_with_bucket_size(DefaultMemoryImpl::default(), BUCKET_PAGES);
}

/// The chat's state.
pub(crate) fn chat() -> Store<CanisterMemory> {
    MANAGER.with(store_in)
}

/// The WebSockets' memories.
pub(crate) fn websockets() -> Storage {
    MANAGER.with(|manager| Storage::new(manager, WEBSOCKETS))
}

/// The chat's state in any manager's memories.
pub(crate) fn store_in<M: Memory>(manager: &MemoryManager<M>) -> Store<VirtualMemory<M>> {
    Store::open(|id| manager.get(MemoryId::new(CHAT + id)))
}
