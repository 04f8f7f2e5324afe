//! The chat canister.
//!
//! - `room`: what the chat means. To build something else, start there and in `chat-api`.
//! - `store`: what lies in stable memory; `memory`: how stable memory is shared out.
//! - this file: how both are wired to the WebSocket. Commands come in as messages, events go out.

mod memory;
mod room;
mod store;

use std::cell::RefCell;

use chat_api::{ChatMessage, Event};
use ic_cdk::api::time;
use ic_ws_cdk::{
    OnCloseCallbackArgs, OnMessageCallbackArgs, OnOpenCallbackArgs, WsHandlers, WsInitParams,
};

use memory::CanisterMemory;
use room::{Delivery, Refusal, Room};
use store::Store;

thread_local! {
    static ROOM: RefCell<Room<CanisterMemory>> = RefCell::new(Room::new(Store::new(memory::chat())));
}

/// Makes the interface readable to tools and explorers from the canister itself.
#[cfg(target_family = "wasm")]
#[unsafe(link_section = "icp:public candid:service")]
pub static CANDID_SERVICE: [u8; include_bytes!("../chat.did").len()] =
    *include_bytes!("../chat.did");

#[ic_cdk::init]
fn init() {
    start_websockets();
}

#[ic_cdk::post_upgrade]
fn post_upgrade() {
    start_websockets();
    // The end of a connection may have been missed.
    deliver(ROOM.with_borrow_mut(|room| room.drop_connections_unless(ic_ws_cdk::is_connected)));
}

/// Refuses junk before it costs anything. There are no methods but those of the WebSockets.
#[ic_cdk::inspect_message]
fn inspect_message() {
    if let Err(error) = ic_ws_cdk::inspect_message() {
        ic_cdk::trap(error.to_string());
    }
}

fn start_websockets() {
    let handlers = WsHandlers {
        on_open: Some(on_open),
        on_message: Some(on_message),
        on_close: Some(on_close),
    };
    ic_ws_cdk::init(WsInitParams::new(handlers), memory::websockets());
}

ic_ws_cdk::export_methods!(ChatMessage);

fn on_open(args: OnOpenCallbackArgs) {
    ROOM.with_borrow_mut(|room| room.connected(args.client_key));
}

fn on_message(args: OnMessageCallbackArgs) {
    let deliveries = match candid::decode_one(&args.message) {
        Ok(ChatMessage::Command(command)) => {
            ROOM.with_borrow_mut(|room| room.handle(args.client_key, command, time()))
        }
        Ok(ChatMessage::Event(_)) => vec![Delivery::refusal(args.client_key, Refusal::NotACommand)],
        Err(error) => vec![Delivery::refusal(
            args.client_key,
            Refusal::Undecodable(error),
        )],
    };
    deliver(deliveries);
}

fn on_close(args: OnCloseCallbackArgs) {
    deliver(ROOM.with_borrow_mut(|room| room.disconnected(args.client_key)));
}

/// Sends what the room wants sent.
fn deliver(deliveries: Vec<Delivery>) {
    for Delivery { to, event } in deliveries {
        let message = match encode(event) {
            Ok(message) => message,
            Err(error) => {
                ic_cdk::println!("an event has no Candid form: {error}");
                continue;
            }
        };
        if let Err(error) = ic_ws_cdk::broadcast(to, message) {
            ic_cdk::println!("an event was not sent: {error}");
        }
    }
}

fn encode(event: Event) -> Result<Vec<u8>, candid::Error> {
    candid::encode_one(ChatMessage::Event(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candid_parser::utils::{CandidSource, service_equal};

    #[test]
    fn the_interface_is_the_one_in_the_did_file() {
        candid::export_service!();
        let exported = __export_service();
        let equal = service_equal(
            CandidSource::Text(&exported),
            CandidSource::Text(include_str!("../chat.did")),
        );
        assert!(equal.is_ok(), "the code exports\n{exported}");
    }
}
