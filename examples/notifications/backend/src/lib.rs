//! Notifications: from anybody to one person or to everybody, and read on one device means read on all of them.

mod store;

use std::cell::RefCell;

use api::{MAX_TEXT_CHARS, Message};
use candid::Principal;
use ic_cdk::api::time;
use ic_stable_structures::{DefaultMemoryImpl, memory_manager::MemoryManager};
use ic_ws_cdk::{
    OnMessageCallbackArgs, OnOpenCallbackArgs, Storage, WsHandlers, WsInitParams, all_connections,
    tell,
};

use store::Store;

thread_local! {
    static MEMORY: MemoryManager<DefaultMemoryImpl> =
        MemoryManager::init(DefaultMemoryImpl::default());
    static STORE: RefCell<Store> = RefCell::new(MEMORY.with(Store::open));
}

ic_ws_cdk::export_methods!(Message);
ic_ws_cdk::export_inspect_message!();

#[ic_cdk::init]
fn init() {
    let handlers = WsHandlers {
        on_open: Some(on_open),
        on_message: Some(on_message),
        on_close: None,
    };
    let storage = MEMORY.with(|memory| Storage::new(memory, 100));
    ic_ws_cdk::init(WsInitParams::new(handlers), storage);
}

#[ic_cdk::post_upgrade]
fn post_upgrade() {
    init();
}

/// What was sent while somebody was away, they find in their inbox.
fn on_open(args: OnOpenCallbackArgs) {
    let person = args.client_principal;
    let inbox = STORE.with_borrow(|store| Message::Inbox(store.inbox(person), store.read(person)));
    tell([args.client_key], &inbox);
}

fn on_message(args: OnMessageCallbackArgs) {
    let person = args.client_principal;
    let done = match candid::decode_one(&args.message) {
        Ok(Message::Notify(id, to, text)) => notify((person, id), to, text.trim()),
        Ok(Message::Read(number)) => read(person, number),
        Ok(_) => Err("only the canister says this".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(reason) = done {
        tell([args.client_key], &Message::Refused(reason));
    }
}

fn notify(id: (Principal, u64), to: Option<Principal>, text: &str) -> Result<(), String> {
    if !(1..=MAX_TEXT_CHARS).contains(&text.chars().count()) {
        return Err(format!("a text has 1 to {MAX_TEXT_CHARS} characters"));
    }
    // Nothing, if it came twice.
    if let Some(notification) = STORE.with_borrow_mut(|store| store.add((to, time()), id, text)) {
        let new = Message::New(notification);
        match to {
            Some(person) => tell([person], &new),
            None => tell(all_connections(), &new),
        }
    }
    Ok(())
}

fn read(person: Principal, number: u64) -> Result<(), String> {
    if STORE.with_borrow_mut(|store| store.set_read(person, number)) {
        tell([person], &Message::Read(number));
    }
    Ok(())
}

ic_ws_cdk::export_interface!("backend.did");
