//! The chat canister.
//!
//! What a fork replaces:
//! - `domain`: what the chat means, with its language in `chat-api`. Begin there to build something else.
//! - `store`: what it remembers, a small file for each structure.
//! - `queries`: the methods that show it.
//!
//! What a fork keeps:
//! - `memory`: how stable memory is shared out.
//! - `gateways`: which of them may serve this canister.
//! - `transport`: between bytes and the domain.
//! - this file: how all of it is wired to the WebSockets. Requests and signals come in as messages, events go out.

mod domain;
mod gateways;
mod memory;
mod queries;
mod store;
mod transport;

use std::{cell::RefCell, time::Duration};

use chat_api::ChatMessage;
use ic_cdk::api::time;
use ic_cdk_timers::set_timer_interval;
use ic_ws_cdk::{
    OnCloseCallbackArgs, OnMessageCallbackArgs, OnOpenCallbackArgs, WsHandlers, WsInitParams,
    WsLimits,
};

pub use domain::{Chat, Delivery};
pub use memory::CanisterMemory;

use domain::Limits;
use transport::Incoming;

/// The longest message that a client may send: an image, and what is around it.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// How often some connections are looked at whose end may have been missed.
const CHECK_INTERVAL: Duration = Duration::from_secs(600);

thread_local! {
    static CHAT: RefCell<Chat<CanisterMemory>> =
        RefCell::new(Chat::new(memory::chat(), Limits::default()));
}

/// Does something with the chat that is in this canister's memory, on behalf of a crate that builds a canister around this one:
/// that crate delivers what comes of it.
pub fn with_chat<R>(act: impl FnOnce(&mut Chat<CanisterMemory>) -> R) -> R {
    CHAT.with_borrow_mut(act)
}

#[ic_cdk::init]
fn init() {
    start();
}

#[ic_cdk::post_upgrade]
fn post_upgrade() {
    start();
}

/// Takes up what is in stable memory. The end of a connection may have been missed since; or later, by a trap in `on_close`.
fn start() {
    start_websockets();
    transport::deliver(
        CHAT.with_borrow_mut(|chat| chat.drop_connections_unless(ic_ws_cdk::is_connected, time())),
    );
    set_timer_interval(CHECK_INTERVAL, async || {
        transport::deliver(
            CHAT.with_borrow_mut(|chat| chat.check_connections(ic_ws_cdk::is_connected, time())),
        );
    });
}

fn start_websockets() {
    let handlers = WsHandlers {
        on_open: Some(on_open),
        on_message: Some(on_message),
        on_close: Some(on_close),
    };
    let limits = WsLimits {
        message_bytes: MAX_MESSAGE_BYTES,
        ..WsLimits::default()
    };
    let params = WsInitParams::new(handlers).with_limits(limits);
    let params = match gateways::allowed() {
        Ok(None) => params,
        Ok(Some(gateways)) => params.with_allowed_gateways(gateways),
        Err(error) => ic_cdk::trap(error.to_string()),
    };
    ic_ws_cdk::init(params, memory::websockets());
}

ic_ws_cdk::export_methods!(ChatMessage);
ic_ws_cdk::export_inspect_message!();
ic_ws_cdk::embed_interface!("chat.did");

fn on_open(args: OnOpenCallbackArgs) {
    transport::deliver(CHAT.with_borrow_mut(|chat| chat.connected(args.client_key, time())));
}

fn on_message(args: OnMessageCallbackArgs) {
    let (from, now) = (args.client_key, time());
    transport::deliver(match transport::decode(&args.message) {
        Ok(Incoming::Request(request)) => {
            CHAT.with_borrow_mut(|chat| chat.request(from, request, now))
        }
        Ok(Incoming::Signal(signal)) => CHAT.with_borrow_mut(|chat| chat.signal(from, signal, now)),
        Err(refusal) => vec![refusal.delivery(from, None)],
    });
}

fn on_close(args: OnCloseCallbackArgs) {
    transport::deliver(CHAT.with_borrow_mut(|chat| chat.disconnected(args.client_key, time())));
}

#[cfg(test)]
mod tests {
    use candid::Principal;
    use candid_parser::utils::{CandidSource, service_equal};
    use chat_api::*;

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
