//! The canister's methods, for either CDK: each calls it once or more, and tells how many instructions that took.

use std::cell::{Cell, RefCell};

use candid::Principal;
use ic_cdk::{
    api::{instruction_counter, stable_size},
    init, post_upgrade, query, update,
};

use crate::{
    broadcast,
    cdk::{
        self, CanisterWsGetMessagesArguments, CanisterWsMessageArguments, CanisterWsOpenArguments,
        OnOpenCallbackArgs, WsHandlers, WsInitParams,
    },
    send, start,
};

/// Longer than measuring takes: no acknowledgement comes in between, and nothing queued is dropped.
const ACK_INTERVAL_MS: u64 = 24 * 60 * 60 * 1000;

const WASM_PAGE_BYTES: u64 = 65_536;

thread_local! {
    /// Whoever has connected.
    static CLIENTS: RefCell<Vec<Principal>> = RefCell::default();
    /// What starting took.
    static START: Cell<u64> = Cell::default();
}

#[init]
fn init() {
    let handlers = WsHandlers {
        on_open: Some(on_open),
        ..WsHandlers::default()
    };
    let params = WsInitParams::new(handlers).with_send_ack_interval_ms(ACK_INTERVAL_MS);
    let before = instruction_counter();
    start(params);
    START.set(instruction_counter() - before);
}

#[post_upgrade]
fn post_upgrade() {
    init();
}

/// How many instructions the last start took.
#[query]
fn started() -> u64 {
    START.get()
}

fn on_open(args: OnOpenCallbackArgs) {
    CLIENTS.with_borrow_mut(|clients| clients.push(args.client_principal));
}

/// Connects the caller.
#[update]
fn open(args: CanisterWsOpenArguments) -> u64 {
    instructions(|| cdk::ws_open(args)).0
}

/// Takes a message of the caller.
#[update]
fn message(args: CanisterWsMessageArguments) -> u64 {
    instructions(|| cdk::ws_message(args, None::<()>)).0
}

/// Sends so many messages of so many bytes to one client.
#[update]
fn send_to(client: Principal, messages: u32, bytes: u32) -> u64 {
    let contents: Vec<_> = (0..messages).map(|_| content(bytes)).collect();
    instructions(|| {
        contents
            .into_iter()
            .try_for_each(|content| send(client, content))
    })
    .0
}

/// Sends a message of so many bytes to every client.
#[update]
fn send_to_all(bytes: u32) -> u64 {
    let content = content(bytes);
    CLIENTS.with_borrow(|clients| instructions(|| broadcast(clients, content)).0)
}

/// Fetches messages for the gateway that calls; tells also how many.
#[query]
fn poll(args: CanisterWsGetMessagesArguments) -> (u64, u64) {
    let (instructions, fetched) = instructions(|| cdk::ws_get_messages(args));
    (instructions, fetched.messages.len() as u64)
}

/// How many have connected.
#[query]
fn clients() -> u64 {
    CLIENTS.with_borrow(|clients| clients.len() as u64)
}

/// How large the heap and the stable memory have become, in bytes.
#[query]
fn memory() -> (u64, u64) {
    (
        heap_pages() * WASM_PAGE_BYTES,
        stable_size() * WASM_PAGE_BYTES,
    )
}

#[cfg(target_family = "wasm")]
fn heap_pages() -> u64 {
    std::arch::wasm32::memory_size(0) as u64
}

#[cfg(not(target_family = "wasm"))]
fn heap_pages() -> u64 {
    0
}

/// What the CDK is asked to do, and how many instructions it takes; a refusal ends the call.
fn instructions<T>(ask: impl FnOnce() -> Result<T, String>) -> (u64, T) {
    let before = instruction_counter();
    match ask() {
        Ok(done) => (instruction_counter() - before, done),
        Err(refusal) => ic_cdk::trap(refusal),
    }
}

fn content(bytes: u32) -> Vec<u8> {
    vec![0; bytes as usize]
}
