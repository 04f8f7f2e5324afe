//! WebSocket client for canisters of the Internet Computer, in the browser and natively.
//!
//! ```no_run
//! # use candid::Principal;
//! use futures::StreamExt;
//! use ic_ws_client::{Config, Ed25519Signer, Event, connect};
//!
//! # async fn example(canister: Principal, root_key: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("ws://127.0.0.1:8080", canister, root_key);
//! let (connection, mut events) = connect::<String, _>(config, Ed25519Signer::generate()?);
//! connection.send(&"hello".to_owned())?;
//! while let Some(event) = events.next().await {
//!     match event {
//!         Event::Message(text) => println!("{text}"),
//!         Event::Closed(reason) => println!("closed: {reason}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The gateway between client and canister is not trusted. Whatever it alters, reorders, repeats or holds
//! back ends the connection with a [`CloseReason`] that says so.
//!
//! - [`core`]: the protocol as a state machine, without I/O and without a clock.
//! - [`driver`]: the loop that runs the state machine on a [`Socket`](driver::Socket).
//! - `browser` and `native`: the socket, timer and clock of each platform, and [`connect`].
//! - [`agent`]: queries and updates beside the socket.
//! - [`signer`]: who signs the calls.
//! - [`sign_in`]: how a person becomes a signer, with Internet Identity.

pub mod agent;
#[cfg(target_family = "wasm")]
mod browser;
mod close_reason;
mod config;
mod connection;
pub mod core;
pub mod driver;
mod maybe_send;
#[cfg(not(target_family = "wasm"))]
mod native;
pub mod sign_in;
pub mod signer;

pub use agent::{Agent, CallError};
#[cfg(target_family = "wasm")]
pub use browser::connect;
pub use close_reason::{CloseFrame, CloseReason, SocketError};
pub use config::Config;
pub use connection::{ApplicationMessage, Connection, Event, Events, SendError};
pub use maybe_send::{MaybeSend, MaybeSync};
#[cfg(not(target_family = "wasm"))]
pub use native::connect;
pub use signer::{Ed25519Signer, RandomError, SignError, Signer};
