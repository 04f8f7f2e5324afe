//! The chat page.
//!
//! [`store`] holds all that the page knows; [`components`] show it and report [`intent`]s; the `actor` carries those out: on
//! the connection, by queries, in the browser's storage. What comes of it changes the store again. Which network the page
//! belongs to, and who signs what goes to the canister, is the room of [`ic_ws_yew`].
//!
//! [`store`], [`markdown`], [`emoji`] and [`words`] know nothing of the browser and are tested natively. What signs,
//! connects and remembers exists only there.

#[cfg(target_family = "wasm")]
mod actor;
#[cfg(target_family = "wasm")]
pub mod app;
mod attention;
mod clock;
pub mod components;
pub mod emoji;
pub mod intent;
pub mod markdown;
pub mod route;
pub mod shared;
pub mod store;
pub mod words;
