//! The chat page.
//!
//! [`store`] holds all that the page knows; [`components`] show it and report [`intent`]s; `app` carries
//! those out, mostly on the `session` with the chat canister, whose events change the store again. An `identity` signs
//! what goes over it.
//!
//! [`mod@env`], [`store`], [`timeline`] and [`outbox`] know nothing of the browser and are tested natively. What signs, connects
//! and remembers exists only there.

#[cfg(target_family = "wasm")]
pub mod app;
mod clock;
pub mod components;
#[cfg(target_family = "wasm")]
mod entry;
pub mod env;
#[cfg(target_family = "wasm")]
mod guest;
#[cfg(target_family = "wasm")]
pub mod identity;
pub mod intent;
pub mod outbox;
#[cfg(target_family = "wasm")]
pub mod session;
pub mod store;
pub mod timeline;
