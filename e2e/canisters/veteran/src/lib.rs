//! What canisters of 2024 do, with the CDK they did it with: one method for each thing that a network must get right
//! for them.

mod calls;
mod children;
mod memory;
mod time;

use std::cell::RefCell;

use candid::{CandidType, Principal};
use ic_cdk::{
    api::{call, stable},
    init, inspect_message, post_upgrade, pre_upgrade, query, storage, update,
};
use serde::Deserialize;

/// What an upgrade carries over in stable memory.
#[derive(CandidType, Deserialize, Default)]
struct State {
    notes: Vec<String>,
    ticks: u64,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn note(text: impl Into<String>) {
    STATE.with_borrow_mut(|state| state.notes.push(text.into()));
}

#[init]
fn init(first_note: Option<String>) {
    ic_cdk::print("installed");
    STATE.with_borrow_mut(|state| state.notes.extend(first_note));
}

#[pre_upgrade]
fn pre_upgrade() {
    let state = STATE.take();
    if state.notes.iter().any(|note| note == "do not upgrade") {
        ic_cdk::trap("asked not to upgrade");
    }
    if let Err(error) = storage::stable_save((state,)) {
        ic_cdk::trap(&error.to_string());
    }
}

#[post_upgrade]
fn post_upgrade() {
    ic_cdk::println!("upgraded, with {} stable pages", stable::stable64_size());
    match storage::stable_restore::<(State,)>() {
        Ok((state,)) => STATE.set(state),
        Err(error) => ic_cdk::trap(&error),
    }
}

/// Lets everyone call everything, except methods that say they are internal.
#[inspect_message]
fn inspect_message() {
    if !call::method_name().starts_with("internal_") {
        call::accept_message();
    }
}

#[update]
fn internal_note(text: String) {
    note(text);
}

#[update]
fn take_note(text: String) {
    note(text);
}

#[update]
fn take_note_and_trap(text: String) {
    note(text);
    ic_cdk::trap("changed my mind");
}

#[query]
fn notes() -> Vec<String> {
    STATE.with_borrow(|state| state.notes.clone())
}

#[derive(CandidType)]
struct Surroundings {
    caller: Principal,
    id: Principal,
    caller_is_controller: bool,
    time: u64,
    version: u64,
    instructions: u64,
    certified: bool,
}

fn surroundings() -> Surroundings {
    Surroundings {
        caller: ic_cdk::caller(),
        id: ic_cdk::id(),
        caller_is_controller: ic_cdk::api::is_controller(&ic_cdk::caller()),
        time: ic_cdk::api::time(),
        version: ic_cdk::api::canister_version(),
        instructions: ic_cdk::api::performance_counter(1),
        certified: ic_cdk::api::data_certificate().is_some(),
    }
}

#[query]
fn look_around() -> Surroundings {
    surroundings()
}

#[update]
fn look_around_in_update() -> Surroundings {
    surroundings()
}
