//! This project's WebSocket CDK in a canister that tells what it costs. `measured-published` is the same canister with
//! the published CDK.

use candid::Principal;
use ic_stable_structures::{DefaultMemoryImpl, memory_manager::MemoryManager};
use ic_ws_cdk::{self as cdk, Storage, WsInitParams};

mod methods;

thread_local! {
    static MEMORY: MemoryManager<DefaultMemoryImpl> =
        MemoryManager::init(DefaultMemoryImpl::default());
}

fn start(params: WsInitParams) {
    let storage = MEMORY.with(|memory| Storage::new(memory, 0));
    cdk::init(params, storage);
}

fn send(to: Principal, message: Vec<u8>) -> Result<(), String> {
    Ok(cdk::send(to, message)?)
}

fn broadcast(to: &[Principal], message: Vec<u8>) -> Result<(), String> {
    Ok(cdk::broadcast(to.iter().copied(), message)?)
}
