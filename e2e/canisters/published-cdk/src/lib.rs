//! The published WebSocket CDK, used as its documentation says: what it gets it gives back.

use std::cell::RefCell;

use candid::{CandidType, Principal, decode_one, encode_one};
use ic_cdk::{init, query, update};
use ic_websocket_cdk::{
    CanisterWsCloseArguments, CanisterWsCloseResult, CanisterWsGetMessagesArguments,
    CanisterWsGetMessagesResult, CanisterWsMessageArguments, CanisterWsMessageResult,
    CanisterWsOpenArguments, CanisterWsOpenResult, OnCloseCallbackArgs, OnMessageCallbackArgs,
    OnOpenCallbackArgs, WsHandlers, WsInitParams,
};
use serde::Deserialize;

/// What client and canister say to each other.
#[derive(CandidType, Deserialize)]
enum AppMessage {
    /// Canister: the connection is open.
    Welcome,
    /// Client: answer this.
    Ping { text: String },
    /// Canister: the answer, with the same text.
    Pong { text: String },
    /// Client: close the connection.
    Dismiss,
}

/// Whose connections have been opened and closed, in this order.
#[derive(CandidType, Clone, Default)]
struct Journal {
    opened: Vec<Principal>,
    closed: Vec<Principal>,
}

thread_local! {
    static JOURNAL: RefCell<Journal> = RefCell::default();
}

/// The CDK's own interval of acknowledgements, unless another one is wished for.
#[init]
fn init(send_ack_interval_ms: Option<u64>) {
    let handlers = WsHandlers {
        on_open: Some(on_open),
        on_message: Some(on_message),
        on_close: Some(on_close),
    };
    let mut params = WsInitParams::new(handlers);
    if let Some(interval) = send_ack_interval_ms {
        params = params.with_send_ack_interval_ms(interval);
    }
    ic_websocket_cdk::init(params);
}

#[update]
fn ws_open(args: CanisterWsOpenArguments) -> CanisterWsOpenResult {
    ic_websocket_cdk::ws_open(args)
}

#[update]
fn ws_close(args: CanisterWsCloseArguments) -> CanisterWsCloseResult {
    ic_websocket_cdk::ws_close(args)
}

#[update]
fn ws_message(
    args: CanisterWsMessageArguments,
    msg_type: Option<AppMessage>,
) -> CanisterWsMessageResult {
    ic_websocket_cdk::ws_message(args, msg_type)
}

#[query]
fn ws_get_messages(args: CanisterWsGetMessagesArguments) -> CanisterWsGetMessagesResult {
    ic_websocket_cdk::ws_get_messages(args)
}

#[query]
fn journal() -> Journal {
    JOURNAL.with_borrow(Clone::clone)
}

fn on_open(args: OnOpenCallbackArgs) {
    JOURNAL.with_borrow_mut(|journal| journal.opened.push(args.client_principal));
    send(args.client_principal, &AppMessage::Welcome);
}

fn on_message(args: OnMessageCallbackArgs) {
    match decode_one(&args.message) {
        Ok(AppMessage::Ping { text }) => send(args.client_principal, &AppMessage::Pong { text }),
        Ok(AppMessage::Dismiss) => {
            if let Err(error) = ic_websocket_cdk::close(args.client_principal) {
                ic_cdk::trap(error);
            }
        }
        Ok(_) => ic_cdk::trap("not a message of a client"),
        Err(error) => ic_cdk::trap(error.to_string()),
    }
}

fn on_close(args: OnCloseCallbackArgs) {
    JOURNAL.with_borrow_mut(|journal| journal.closed.push(args.client_principal));
}

fn send(to: Principal, message: &AppMessage) {
    let sent = encode_one(message)
        .map_err(|error| error.to_string())
        .and_then(|bytes| ic_websocket_cdk::send(to, bytes));
    if let Err(error) = sent {
        ic_cdk::trap(error);
    }
}

candid::export_service!();

/// Where tools looked for the interface before canisters had metadata.
#[query(name = "__get_candid_interface_tmp_hack")]
fn interface() -> String {
    __export_service()
}
