//! The embedded local Internet Computer.

mod canister;
mod checkpoint;
mod execution;
mod executor;
mod management;
mod rejection;

pub mod network;
