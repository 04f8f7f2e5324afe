//! Everything together: the local network, the canisters, the gateway, the page and the clients, for tests to
//! drive. Nothing is mocked.
//!
//! - [`stack`]: brings up network, canisters and gateway on free ports.
//! - [`person`]: somebody who chats with the native client.
//! - [`browser`]: somebody who chats with the page, in headless Chromium.
//! - [`tampering`]: a gateway that alters what it relays.
//! - [`wait`]: waiting for a condition, with a deadline.

pub mod browser;
pub mod person;
pub mod stack;
pub mod tampering;
pub mod wait;
