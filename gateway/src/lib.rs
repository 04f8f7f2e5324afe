//! The WebSocket gateway: relays between WebSocket clients and canisters of the Internet Computer.
//!
//! It is an untrusted post office. What it carries is signed by the client or certified by the canister,
//! and each end checks the other; the gateway verifies neither signatures nor certificates, and so needs no
//! root key and can start before the network does.
//!
//! The way of a client's message: `server` accepts the
//! connection, `connection` and `routes` make it a WebSocket, `incoming` watches its frames, `session` reads them, `call`
//! decides whether it may be relayed, `relay` posts it in order through `network`. The way of a canister's
//! message: `poller` fetches it (`schedule` knows when, `queue` how far it has got), `canisters` finds the
//! client, `witness` cuts out the proof, `delivery` makes the frame, the session writes it.

mod addresses;
mod budget;
mod call;
mod canisters;
mod close;
mod config;
mod connection;
mod decode;
mod delivery;
mod error;
mod farewell;
mod frames;
mod gateway;
mod identity;
mod incoming;
mod logs;
mod memory;
mod metrics;
mod network;
mod poller;
mod queue;
mod quote;
mod rate;
mod ready;
mod refusal;
mod relay;
mod routes;
mod schedule;
mod server;
mod session;
mod status;
mod tls;
mod traces;
mod turns;
mod witness;

pub use config::{Access, Config, ConfigError, Limits, LogFormat, Origin, Telemetry, Tls};
pub use error::GatewayError;
pub use identity::{Identity, IdentityError};
pub use logs::{LeftOut, LogError, init as init_log};
pub use server::{Listeners, run};
pub use tls::TlsError;
