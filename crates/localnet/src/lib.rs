//! The embedded local Internet Computer: canisters run as Wasm behind the real HTTP interface, with real
//! signatures and certificates, in one process.
//!
//! It is a development network: one node, no consensus, no real cycles. The reference for what it does
//! is the public IC interface specification.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let localnet = ic_localnet::Localnet::start(ic_localnet::Config::default()).await?;
//! println!("{} {}", localnet.url(), hex::encode(localnet.root_key()));
//! localnet.shutdown().await?;
//! # Ok(())
//! # }
//! ```

mod canister;
mod cbor;
pub mod certification;
mod checkpoint;
mod clock;
mod execution;
mod executor;
mod http;
mod ingress;
mod localnet;
mod management;
pub mod network;
mod rejection;
mod wide;

pub use http::HttpLimits;
pub use ingress::IngressLimits;
pub use localnet::{Config, Localnet, StartError};
