//! The embedded local Internet Computer: canisters run as Wasm behind the real HTTP interface, with real
//! signatures and certificates, in one process.
//!
//! It is a development network: one node, no consensus, no real cycles. The reference for what it does
//! is the public IC interface specification.
//!
//! A request's way through the modules: `http` reads it, `ingress` finds out who has sent it, `network`
//! takes it. A query runs at once, on the canister as it was last published. An update call waits for the
//! `executor`, whose only thread executes message after message (`canister` and `management` know what they
//! mean, `execution` runs the Wasm), has the new state written to disk (`store`) and certified
//! (`certification`), and publishes it.
//! Between users and executor is an edge where tests may have things go wrong (`faults`).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let localnet = ic_localnet::Localnet::start(ic_localnet::Config::default()).await?;
//! println!("{} {}", localnet.url(), hex::encode(localnet.root_key()));
//! localnet.shutdown().await?;
//! # Ok(())
//! # }
//! ```

mod bounded_candid;
mod bounded_cbor;
mod canister;
mod cbor;
pub mod certification;
mod clock;
mod execution;
mod executor;
pub mod faults;
mod http;
mod ingress;
mod localnet;
mod management;
pub mod network;
mod rejection;
mod store;
mod system_canisters;
mod wide;

pub use http::HttpLimits;
pub use ingress::IngressLimits;
pub use localnet::{Config, Localnet, StartError};
