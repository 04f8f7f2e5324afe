//! The seam to the Internet Computer: caller, clock, certified data and timers go in and out here, nothing else.
//!
//! Callbacks run while nothing is borrowed, so that they may call back in.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use ic_cdk::api::{certified_data_set, data_certificate, msg_caller, time};
use ic_cdk_timers::{TimerId, clear_timer, set_timer};
use ic_stable_structures::{DefaultMemoryImpl, memory_manager::VirtualMemory};
use ic_ws_protocol::{
    CanisterOutputCertifiedMessages, CanisterWsCloseArguments, CanisterWsCloseResult,
    CanisterWsGetMessagesArguments, CanisterWsGetMessagesResult, CanisterWsMessageArguments,
    CanisterWsMessageResult, CanisterWsOpenArguments, CanisterWsOpenResult, ClientKey,
};

use crate::{
    error::{GetMessagesError, NotConnected, SendError},
    params::{
        OnCloseCallbackArgs, OnMessageCallbackArgs, OnOpenCallbackArgs, WsHandlers, WsInitParams,
    },
    storage::Storage,
    websockets::{Event, Websockets},
};

/// How long after a trap in what was due it is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

type State = Websockets<VirtualMemory<DefaultMemoryImpl>>;

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
    static HANDLERS: Cell<WsHandlers> = Cell::default();
    static TIMER: Cell<Option<TimerId>> = const { Cell::new(None) };
    /// Whether a callback is running.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Starts the WebSockets: to be called in `init` and in `post_upgrade`, with the same `storage`.
/// Connections that were open before an upgrade stay open.
///
/// # Traps
/// If `params` are out of range, or a newer version of this crate has written `storage`.
pub fn init(params: WsInitParams, storage: Storage) {
    match Websockets::new(&params, storage, time()) {
        Ok(state) => STATE.set(Some(state)),
        Err(error) => ic_cdk::trap(format!("cannot start the WebSockets: {error}")),
    }
    HANDLERS.set(params.handlers);
    settle();
    schedule();
}

/// Handles the canister method of this name: a client connects.
///
/// # Errors
/// If the caller is anonymous, or connected under this nonce already.
pub fn ws_open(args: CanisterWsOpenArguments) -> CanisterWsOpenResult {
    let result = with_state(|state| state.open(msg_caller(), args, time()));
    settle();
    result.map_err(|error| error.to_string())
}

/// Handles the canister method of this name: a client sends a message.
///
/// The second argument only makes the type of the application's messages part of the canister's interface.
///
/// # Errors
/// If the caller is not the client, or not connected, or the message is not the next one, or is a service message
/// that clients may not send. The latter two close the connection.
pub fn ws_message<T>(
    args: CanisterWsMessageArguments,
    _message_type: Option<T>,
) -> CanisterWsMessageResult {
    let result = with_state(|state| state.receive(msg_caller(), args.msg, time()));
    settle();
    result.map_err(|error| error.to_string())
}

/// Handles the canister method of this name: a gateway has lost a client.
///
/// # Errors
/// If the client is not connected, or not through the caller.
pub fn ws_close(args: CanisterWsCloseArguments) -> CanisterWsCloseResult {
    let result = with_state(|state| state.gateway_closed(msg_caller(), args.client_key, time()));
    settle();
    result.map_err(|error| error.to_string())
}

/// Handles the canister query of this name: a gateway fetches its messages.
///
/// # Errors
/// If it is not called as a query, which alone can be certified.
pub fn ws_get_messages(args: CanisterWsGetMessagesArguments) -> CanisterWsGetMessagesResult {
    get_messages(args.nonce).map_err(|error| error.to_string())
}

fn get_messages(nonce: u64) -> Result<CanisterOutputCertifiedMessages, GetMessagesError> {
    let page = with_state(|state| state.messages(msg_caller(), nonce))?;
    let cert = if page.messages.is_empty() {
        Vec::new()
    } else {
        data_certificate().ok_or(GetMessagesError::NoCertificate)?
    };
    Ok(CanisterOutputCertifiedMessages {
        messages: page.messages,
        cert,
        tree: page.witness,
        is_end_of_queue: page.is_end_of_queue,
    })
}

/// Sends `message` (by convention Candid) over one connection. It is certified and queued; the client's gateway
/// fetches it with its next poll.
///
/// # Errors
/// If the client is not connected, or the message is longer than 2 MiB.
pub fn send(client_key: &ClientKey, message: Vec<u8>) -> Result<(), SendError> {
    let result = with_state(|state| state.send(client_key, message, time()));
    settle();
    result
}

/// Closes one connection, and tells the client that the application wanted it so.
///
/// # Errors
/// If the client is not connected.
pub fn close(client_key: &ClientKey) -> Result<(), NotConnected> {
    let result = with_state(|state| state.close(client_key, time()));
    settle();
    result
}

/// Whether a connection is open. In `post_upgrade`, after [`init`], an application that remembers connections drops
/// those that are not: an upgrade or a trap may have kept it from being told.
pub fn is_connected(client_key: &ClientKey) -> bool {
    with_state(|state| state.is_connected(client_key))
}

/// Forgets all connections, gateways and messages; no client is told. For tests of an application.
pub fn wipe() {
    with_state(Websockets::wipe);
    settle();
}

fn with_state<R>(f: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(|state| match state {
        Some(state) => f(state),
        None => ic_cdk::trap("ic_ws_cdk::init must be called in init and in post_upgrade"),
    })
}

/// Calls back for what has happened, then certifies what all of it has led to. Within a callback there is nothing to
/// do: the one that called back is still at it.
fn settle() {
    if IN_CALLBACK.replace(true) {
        return;
    }
    while let Some(event) = with_state(Websockets::poll_event) {
        call_back(event);
    }
    IN_CALLBACK.set(false);
    if let Some(root_hash) = with_state(Websockets::poll_certified_data) {
        certified_data_set(root_hash);
    }
}

fn call_back(event: Event) {
    let handlers = HANDLERS.get();
    match event {
        Event::Opened(client_key) => {
            if let Some(on_open) = handlers.on_open {
                on_open(OnOpenCallbackArgs {
                    client_key,
                    client_principal: client_key.client_principal,
                });
            }
        }
        Event::Message {
            client_key,
            content,
        } => {
            if let Some(on_message) = handlers.on_message {
                on_message(OnMessageCallbackArgs {
                    client_key,
                    client_principal: client_key.client_principal,
                    message: content,
                });
            }
        }
        Event::Closed(client_key) => {
            if let Some(on_close) = handlers.on_close {
                on_close(OnCloseCallbackArgs {
                    client_key,
                    client_principal: client_key.client_principal,
                });
            }
        }
    }
}

/// Sets the one timer to when something is due.
fn schedule() {
    let wait = with_state(|state| state.deadline()).saturating_sub(time());
    set_deadline_timer(Duration::from_nanos(wait));
}

fn set_deadline_timer(delay: Duration) {
    let timer = set_timer(delay, async { on_timer() });
    if let Some(former) = TIMER.replace(Some(timer)) {
        clear_timer(former);
    }
}

/// What is due gets a call of its own, so that a trap in it does not undo the timer that tries again.
fn on_timer() {
    TIMER.set(None);
    set_deadline_timer(RETRY_INTERVAL);
    set_timer(Duration::ZERO, async { do_what_is_due() });
}

/// Each callback gets a call of its own, so that one that traps undoes neither the others nor what was due.
fn do_what_is_due() {
    with_state(|state| state.on_deadline(time()));
    while let Some(event) = with_state(Websockets::poll_event) {
        set_timer(Duration::ZERO, async move {
            IN_CALLBACK.set(true);
            call_back(event);
            IN_CALLBACK.set(false);
            settle();
        });
    }
    settle();
    schedule();
}
