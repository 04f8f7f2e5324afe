//! The client against a model of canister, network and gateway: signatures and certificates are real, the time
//! is simulated. What needs no platform is tested in a browser, too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which may fail"
)]

mod arbitrary;
#[cfg(target_family = "wasm")]
mod browser;
mod conversation;
#[cfg(not(target_family = "wasm"))]
mod driver;
mod model;
#[cfg(not(target_family = "wasm"))]
mod native;
mod receipts;
#[cfg(not(target_family = "wasm"))]
mod reconnecting;
mod session;
mod signing;
#[cfg(not(target_family = "wasm"))]
mod simulation;
mod tampering;
mod time;
#[cfg(not(target_family = "wasm"))]
mod tls;
