//! WebSocket client for canisters of the Internet Computer, in the browser and natively.
//!
//! ```no_run
//! # use candid::Principal;
//! use futures::StreamExt;
//! use ic_ws_client::{Config, Ed25519Signer, Event, connect};
//!
//! # async fn example(canister: Principal, root_key: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let gateways = ["wss://one.example", "wss://two.example"];
//! let config = Config::new(gateways, canister, root_key);
//! let (connection, mut events) = connect::<String, _>(config, Ed25519Signer::generate()?);
//! let sent = connection.send(&"hello".to_owned())?;
//! while let Some(event) = events.next().await {
//!     match event {
//!         Event::Message(text) => println!("{text}"),
//!         Event::Acknowledged { up_to } if up_to >= sent.number() => println!("it has arrived"),
//!         Event::Reconnecting { reason, .. } => println!("just a moment: {reason}"),
//!         Event::Closed(reason) => println!("closed: {reason}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The gateway between client and canister is not trusted. Whatever it alters, reorders, repeats or holds
//! back is noticed, and ends the connection with a [`CloseReason`] that says so. Then the next gateway has its turn, and
//! whatever the canister is not known to have received is sent again: nothing is lost. What is sent twice has to be
//! recognised by the canister; see [`ApplicationMessage`]. What the canister sends while there is no connection does not
//! arrive; see [`Event::Opened`].
//!
//! - [`core`]: the protocol as state machines, without I/O and without a clock.
//! - [`driver`]: the loop that runs them on a [`platform`].
//! - `browser` and `native`: the platforms, and [`connect`].
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
mod ed25519;
mod maybe_send;
#[cfg(not(target_family = "wasm"))]
mod native;
pub mod platform;
pub mod sign_in;
pub mod signer;

pub use agent::{Agent, CallError};
#[cfg(target_family = "wasm")]
pub use browser::connect;
pub use close_reason::{CallKind, CloseFrame, CloseReason, SocketError};
pub use config::{Config, Network, Reconnect};
pub use connection::{
    ApplicationMessage, Connection, DeliveryError, Event, Events, SendError, Sent, Status,
};
pub use maybe_send::{MaybeSend, MaybeSync};
#[cfg(not(target_family = "wasm"))]
pub use native::connect;
pub use signer::{Ed25519Signer, RandomError, SignError, Signer};
