//! What a canister embeds to speak WebSocket with browsers and native clients, through a gateway.
//!
//! A canister calls [`init`] whenever it starts, exports four methods by [`export_methods`], and gets its clients'
//! messages in callbacks; [`send`] answers:
//!
//! ```no_run
//! use ic_stable_structures::{DefaultMemoryImpl, memory_manager::MemoryManager};
//! use ic_ws_cdk::*;
//!
//! thread_local! {
//!     static MEMORY: MemoryManager<DefaultMemoryImpl> = MemoryManager::init(DefaultMemoryImpl::default());
//! }
//!
//! /// What client and canister say to each other.
//! #[derive(candid::CandidType, serde::Deserialize)]
//! struct Ping { number: u64 }
//!
//! #[ic_cdk::init]
//! fn start() {
//!     let handlers = WsHandlers { on_message: Some(on_message), ..WsHandlers::default() };
//!     init(WsInitParams::new(handlers), MEMORY.with(|memory| Storage::new(memory, 0)));
//! }
//!
//! #[ic_cdk::post_upgrade]
//! fn start_again() {
//!     start();
//! }
//!
//! fn on_message(args: OnMessageCallbackArgs) {
//!     if let Err(error) = send(args.client_key, args.message) {
//!         ic_cdk::println!("no answer: {error}");
//!     }
//! }
//!
//! export_methods!(Ping);
//! # fn main() {}
//! ```
//!
//! A [`ClientKey`] names one connection: a person with two tabs has two, which know nothing of each other.
//! Connections, sequence numbers and queues live in stable memory, so an upgrade closes nothing.
//!
//! The protocol itself is in `websockets`, which takes the time and the caller as arguments; only `canister` calls
//! the Internet Computer.

mod broadcasts;
mod canister;
mod certification;
mod clients;
mod content;
mod error;
mod export;
mod params;
mod queues;
mod recipient;
mod storage;
mod tell;
mod timing;
mod websockets;

pub use canister::{
    all_connections, broadcast, close, connections, decode_message_arguments, init,
    inspect_message, is_connected, reset, send, wipe, ws_close, ws_get_messages, ws_message,
    ws_open,
};
pub use error::{
    CanisterCloseResult, CanisterSendResult, InitError, MethodError, NotConnected, SendError,
};
pub use ic_ws_protocol::{
    CanisterWsCloseArguments, CanisterWsCloseResult, CanisterWsGetMessagesArguments,
    CanisterWsGetMessagesResult, CanisterWsMessageArguments, CanisterWsMessageResult,
    CanisterWsOpenArguments, CanisterWsOpenResult, ClientKey,
};
pub use params::{
    ClientPrincipal, CloseReason, OnCloseCallbackArgs, OnMessageCallbackArgs, OnOpenCallbackArgs,
    WsHandlers, WsInitParams, WsLimits,
};
pub use recipient::Recipient;
pub use storage::Storage;
pub use tell::tell;
