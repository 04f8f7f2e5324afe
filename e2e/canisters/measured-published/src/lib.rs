//! The published WebSocket CDK in a canister that tells what it costs: the same canister as `measured`, with another
//! CDK.

use candid::Principal;
use ic_websocket_cdk::{self as cdk, WsInitParams};

#[path = "../../measured/src/methods.rs"]
mod methods;

fn start(params: WsInitParams) {
    cdk::init(params);
}

fn send(to: Principal, message: Vec<u8>) -> Result<(), String> {
    cdk::send(to, message)
}

/// There is nothing for it but to send one after the other.
fn broadcast(to: &[Principal], message: Vec<u8>) -> Result<(), String> {
    to.iter()
        .try_for_each(|client| send(*client, message.clone()))
}
