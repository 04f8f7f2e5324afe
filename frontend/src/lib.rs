//! The chat page.
//!
//! [`store`] holds all that the page knows; [`components`] show it and report [`intent`]s; [`app`] carries
//! those out, mostly on the [`session`] with the chat canister, whose events change the store again.
//!
//! [`env`], [`store`], [`timeline`] and [`outbox`] know nothing of the browser and are tested natively.

pub mod app;
mod clock;
pub mod components;
pub mod env;
mod guest;
pub mod intent;
pub mod outbox;
pub mod session;
pub mod store;
pub mod timeline;
