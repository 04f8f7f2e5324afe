//! The canister's queries, wired to the domain. Their meaning is with their types in `chat-api`.
//!
//! No query changes anything, so none is limited in number. Each returns at most a page; `overview` as much as the limits let
//! one person have.

use candid::Principal;
use chat_api::{
    ChangeId, FoundRooms, History, Image, MAX_PAGE, Members, Metrics, Overview, PeoplePage, Person,
    QueryError, RoomId, RoomsAfter, Since, Span,
};
use ic_cdk::{api::msg_caller, query};

use crate::{CHAT, domain::View, memory::CanisterMemory, transport::unsent};

fn view<R>(ask: impl FnOnce(View<'_, CanisterMemory>) -> R) -> R {
    CHAT.with_borrow(|chat| ask(chat.view()))
}

#[query]
fn overview(device: Option<u64>) -> Overview {
    view(|view| view.overview(msg_caller(), device))
}

#[query]
fn since(after: u64, device: Option<u64>, seen: Option<ChangeId>) -> Since {
    view(|view| view.since(msg_caller(), after, seen, device, MAX_PAGE as usize))
}

#[query]
fn history(room: RoomId, span: Span, limit: u32) -> Result<History, QueryError> {
    view(|view| view.history(msg_caller(), room, span, limit))
}

#[query]
fn members(room: RoomId, after: Option<Principal>, limit: u32) -> Result<Members, QueryError> {
    view(|view| view.members(msg_caller(), room, after, limit))
}

#[query]
fn banned(room: RoomId, after: Option<Principal>, limit: u32) -> Result<PeoplePage, QueryError> {
    view(|view| view.banned(msg_caller(), room, after, limit))
}

#[query]
fn invited(room: RoomId, after: Option<Principal>, limit: u32) -> Result<PeoplePage, QueryError> {
    view(|view| view.invited(msg_caller(), room, after, limit))
}

#[query]
fn people(ids: Vec<Principal>) -> Vec<Person> {
    view(|view| view.people(ids))
}

#[query]
fn image(person: Principal) -> Option<Image> {
    view(|view| view.image(person))
}

#[query]
fn find_people(
    prefix: String,
    room: Option<RoomId>,
    limit: u32,
) -> Result<Vec<Person>, QueryError> {
    view(|view| view.find_people(msg_caller(), &prefix, room, limit))
}

#[query]
fn find_rooms(prefix: String, after: Option<RoomsAfter>, limit: u32) -> FoundRooms {
    view(|view| view.find_rooms(&prefix, after, limit))
}

#[query]
fn metrics() -> Metrics {
    Metrics {
        stable_bytes: ic_cdk::stable::stable_size() * WASM_PAGE_BYTES,
        heap_bytes: heap_pages() * WASM_PAGE_BYTES,
        unsent: unsent(),
        ..view(|view| view.metrics())
    }
}

/// The version of this canister's source.
#[query]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

const WASM_PAGE_BYTES: u64 = 64 << 10;

fn heap_pages() -> u64 {
    #[cfg(target_family = "wasm")]
    {
        core::arch::wasm32::memory_size::<0>() as u64
    }
    #[cfg(not(target_family = "wasm"))]
    {
        0
    }
}
