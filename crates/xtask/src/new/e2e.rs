//! Everything together: the local network, the canisters, the gateway and the page in a browser, for tests to drive.
//! Nothing is mocked.
//!
//! - [`network`]: a local network and a gateway on free ports.
//! - [`stack`]: these, and the app on them.
//! - [`artifact`]: what the scripts have built.
//! - [`canister`]: a canister, called with typed arguments.
//! - [`browser`]: headless Chromium.
//! - [`wait`]: waiting for a condition, with a deadline.

pub mod artifact;
pub mod browser;
pub mod canister;
pub mod network;
pub mod stack;
pub mod wait;
