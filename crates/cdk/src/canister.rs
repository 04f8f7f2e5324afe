//! The seam to the Internet Computer: caller, clock, certified data and timers go in and out here, nothing else.
//!
//! Callbacks run while nothing is borrowed, so that they may call back in.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use candid::{DecoderConfig, Principal, utils::decode_one_with_config};
use ic_cdk::api::{
    accept_message, certified_data_set, data_certificate, instruction_counter, msg_arg_data,
    msg_caller, msg_method_name, time,
};
use ic_cdk_timers::{TimerId, clear_timer, set_timer};
use ic_stable_structures::{DefaultMemoryImpl, memory_manager::VirtualMemory};
use ic_ws_protocol::{
    CanisterOutputCertifiedMessages, CanisterWsCloseArguments, CanisterWsCloseResult,
    CanisterWsGetMessagesArguments, CanisterWsGetMessagesResult, CanisterWsMessageArguments,
    CanisterWsMessageResult, CanisterWsOpenArguments, CanisterWsOpenResult, ClientKey,
};

use crate::{
    error::{CanisterCloseResult, CanisterSendResult, GetMessagesError, MethodError},
    params::{
        OnCloseCallbackArgs, OnMessageCallbackArgs, OnOpenCallbackArgs, WsHandlers, WsInitParams,
    },
    recipient::Recipient,
    storage::Storage,
    websockets::{Event, Websockets},
};

/// What one call may spend on clients before the rest has to wait for the next, in instructions: a quarter of what a
/// call has in all.
const WORK_PER_CALL: u64 = 10_000_000_000;

/// How long after a trap in what was due it is tried again, in nanoseconds.
const RETRY_INTERVAL_NS: u64 = 60_000_000_000;

type State = Websockets<VirtualMemory<DefaultMemoryImpl>>;

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
    static HANDLERS: Cell<WsHandlers> = Cell::default();
    /// The one timer, and when it fires.
    static TIMER: Cell<Option<(TimerId, u64)>> = const { Cell::new(None) };
    /// Whether a callback is running.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Starts the WebSockets: to be called in `init` and in `post_upgrade`, with the same `storage`.
/// Connections that were open before an upgrade stay open.
///
/// ```no_run
/// # use ic_stable_structures::{DefaultMemoryImpl, memory_manager::MemoryManager};
/// # use ic_ws_cdk::{Storage, WsHandlers, WsInitParams};
/// # thread_local! {
/// #     static MEMORY: MemoryManager<DefaultMemoryImpl> = MemoryManager::init(DefaultMemoryImpl::default());
/// # }
/// #[ic_cdk::init]
/// fn start() {
///     let params = WsInitParams::new(WsHandlers::default()).with_send_ack_interval_ms(120_000);
///     ic_ws_cdk::init(params, MEMORY.with(|memory| Storage::new(memory, 0)));
/// }
///
/// #[ic_cdk::post_upgrade]
/// fn start_again() {
///     start();
/// }
/// # fn main() {}
/// ```
///
/// # Traps
/// If `params` are out of range, or a newer version of this crate has written `storage`.
pub fn init(params: WsInitParams, storage: Storage) {
    HANDLERS.set(params.handlers);
    match Websockets::new(params, storage, time()) {
        Ok(state) => STATE.set(Some(state)),
        Err(error) => ic_cdk::trap(format!("cannot start the WebSockets: {error}")),
    }
    settle();
}

/// Handles the canister method of this name: a client connects.
///
/// # Errors
/// If the caller is anonymous, or connected under this nonce already, or the gateway is not allowed, or a
/// [limit](crate::WsLimits) is reached.
pub fn ws_open(args: CanisterWsOpenArguments) -> CanisterWsOpenResult {
    let result = with_state(|state| state.open(msg_caller(), args, time()));
    settle();
    result.map_err(|error| error.to_string())
}

/// Reads the arguments of [`ws_message`], of which the second says nothing.
///
/// # Traps
/// If they are not such arguments.
#[doc(hidden)]
pub fn decode_message_arguments(bytes: Vec<u8>) -> CanisterWsMessageArguments {
    /// As much as clients may send beside what is read.
    const SKIPPING_QUOTA: usize = 10_000;
    let mut config = DecoderConfig::new();
    config.set_skipping_quota(SKIPPING_QUOTA);
    match decode_one_with_config(&bytes, &config) {
        Ok(arguments) => arguments,
        Err(error) => ic_cdk::trap(format!("cannot read the arguments: {error}")),
    }
}

/// Handles the canister method of this name: a client sends a message.
///
/// The second argument only makes the type of the application's messages part of the canister's interface.
///
/// # Errors
/// If the caller is not the client, or not connected. Or if the message is too long, or too many messages wait for one
/// before them, or the message is a service message that clients may not send: these three close the connection.
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

/// Sends `message` (by convention Candid) to one connection, or to all connections of a principal. It is certified and
/// queued; the client's gateway fetches it with its next poll.
///
/// A principal's connection that has no room for it is closed, as with [`broadcast`].
///
/// ```no_run
/// use ic_ws_cdk::{OnMessageCallbackArgs, SendError, send};
///
/// fn on_message(args: OnMessageCallbackArgs) -> Result<(), SendError> {
///     // To the tab that asked, and to every device of the person who did.
///     send(args.client_key, b"done".to_vec())?;
///     send(args.client_principal, b"look".to_vec())
/// }
/// ```
///
/// # Errors
/// If nobody is connected, or the message is too long, or there is no room for it: see [`WsLimits`](crate::WsLimits).
pub fn send(to: impl Into<Recipient>, message: Vec<u8>) -> CanisterSendResult {
    let to = to.into();
    let result = with_state(|state| state.send(to, message, time(), may_go_on));
    settle();
    result
}

/// Sends `message` to many, each once. Who is not connected gets nothing; whose queue is full is
/// [closed](crate::CloseReason::QueueFull), as it could not go on without a gap.
///
/// ```no_run
/// use ic_ws_cdk::{ClientKey, SendError, broadcast};
///
/// fn announce(everyone: &[ClientKey]) -> Result<(), SendError> {
///     broadcast(everyone, b"closing at ten".to_vec())
/// }
/// ```
///
/// What would take one call too long is done in later ones. The order of messages to any one client stays that in
/// which they were sent.
///
/// # Errors
/// If the message is too long, or there is no room for it in all queues together, or earlier broadcasts have too many
/// recipients left: see [`WsLimits`](crate::WsLimits). Then nobody gets it.
pub fn broadcast(
    to: impl IntoIterator<Item = impl Into<Recipient>>,
    message: Vec<u8>,
) -> CanisterSendResult {
    let to = to.into_iter().map(Into::into);
    let result = with_state(|state| state.broadcast(to, message, time(), may_go_on));
    settle();
    result
}

/// Closes one connection, or all connections of a principal, and tells the clients that the application wanted it so.
///
/// ```no_run
/// use candid::Principal;
/// use ic_ws_cdk::{NotConnected, close, connections};
///
/// /// Leaves a person the connection of the lowest nonce.
/// fn keep_one(person: Principal) -> Result<(), NotConnected> {
///     connections(person).into_iter().skip(1).try_for_each(close)
/// }
/// ```
///
/// # Errors
/// If there is none.
pub fn close(whom: impl Into<Recipient>) -> CanisterCloseResult {
    let whom = whom.into();
    let result = with_state(|state| state.close(whom, time()));
    settle();
    result
}

/// Closes one connection, or all connections of a principal, for clients that know how to connect anew: the application
/// could not tell them something, and they catch up with it then.
///
/// ```no_run
/// use ic_ws_cdk::{Recipient, broadcast, reset};
///
/// fn announce(everyone: &[Recipient], message: Vec<u8>) {
///     if broadcast(everyone.iter().copied(), message).is_err() {
///         for recipient in everyone {
///             // Who is not connected misses nothing.
///             let _ = reset(*recipient);
///         }
///     }
/// }
/// ```
///
/// # Errors
/// If there is none.
pub fn reset(whom: impl Into<Recipient>) -> CanisterCloseResult {
    let whom = whom.into();
    let result = with_state(|state| state.reset(whom, time()));
    settle();
    result
}

/// The connections of a principal.
pub fn connections(principal: Principal) -> Vec<ClientKey> {
    with_state(|state| state.connections(principal))
}

/// All connections: what is [broadcast] to them is for everybody.
pub fn all_connections() -> Vec<ClientKey> {
    with_state(|state| state.all_connections())
}

/// For `canister_inspect_message`: accepts a call of `ws_open`, `ws_message` or `ws_close` that may be valid, so that
/// junk is refused before it costs cycles. The methods check everything once more.
///
/// ```no_run
/// use ic_ws_cdk::MethodError;
///
/// #[ic_cdk::inspect_message]
/// fn inspect_message() {
///     match ic_ws_cdk::inspect_message() {
///         Ok(()) => {}
///         // The application's own.
///         Err(MethodError::Unknown(method)) if method == "subscribe" => ic_cdk::api::accept_message(),
///         // A trap, other than silence, tells the caller why.
///         Err(error) => ic_cdk::trap(error.to_string()),
///     }
/// }
/// ```
///
/// # Errors
/// If the method is another, the caller is anonymous or not connected, or the argument is too long. Then nothing is
/// accepted.
pub fn inspect_message() -> Result<(), MethodError> {
    let (caller, method) = (msg_caller(), msg_method_name());
    // Its size would do, were there a way to ask for it.
    let arg_bytes = msg_arg_data().len();
    with_state(|state| state.check_call(caller, &method, arg_bytes))?;
    accept_message();
    Ok(())
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

fn may_go_on() -> bool {
    instruction_counter() < WORK_PER_CALL
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
    while let Some(event) = with_state(|state| state.poll_event(time(), may_go_on)) {
        call_back(event);
    }
    IN_CALLBACK.set(false);
    if let Some(root_hash) = with_state(Websockets::poll_certified_data) {
        certified_data_set(root_hash);
    }
    schedule();
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
        Event::Closed(client_key, reason) => {
            if let Some(on_close) = handlers.on_close {
                on_close(OnCloseCallbackArgs {
                    client_key,
                    client_principal: client_key.client_principal,
                    reason,
                });
            }
        }
    }
}

/// Sets the timer to when something is due, unless it fires before anyway.
fn schedule() {
    let Some(deadline) = with_state(|state| state.deadline()) else {
        return;
    };
    if TIMER.get().is_none_or(|(_, fires)| deadline < fires) {
        set_deadline_timer(deadline);
    }
}

fn set_deadline_timer(deadline: u64) {
    let delay = Duration::from_nanos(deadline.saturating_sub(time()));
    let timer = set_timer(delay, async { on_timer() });
    if let Some((former, _)) = TIMER.replace(Some((timer, deadline))) {
        clear_timer(former);
    }
}

/// What is due gets a call of its own, so that a trap in it does not undo the timer that tries again.
fn on_timer() {
    TIMER.set(None);
    set_deadline_timer(time() + RETRY_INTERVAL_NS);
    set_timer(Duration::ZERO, async { do_what_is_due() });
}

/// Each callback gets a call of its own, so that one that traps undoes neither the others nor what was due.
fn do_what_is_due() {
    with_state(|state| state.on_deadline(time(), may_go_on));
    while let Some(event) = with_state(|state| state.poll_event(time(), || false)) {
        set_timer(Duration::ZERO, async move {
            IN_CALLBACK.set(true);
            call_back(event);
            IN_CALLBACK.set(false);
            settle();
        });
    }
    while let Some(client_key) = with_state(Websockets::take_ready) {
        set_timer(Duration::ZERO, async move {
            with_state(|state| state.accept_waiting(&client_key, time()));
            settle();
        });
    }
    // The one that would try again is not needed any more.
    if let Some((timer, _)) = TIMER.take() {
        clear_timer(timer);
    }
    settle();
}
