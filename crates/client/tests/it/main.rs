//! The client against a model of canister, network and gateway: signatures and certificates are real, the time
//! is simulated.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which may fail"
)]

mod arbitrary;
mod conversation;
mod driver;
mod model;
mod native;
mod receipts;
mod reconnecting;
mod session;
mod simulation;
mod tampering;
mod tls;
