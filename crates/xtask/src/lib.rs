//! The build-and-run logic behind `scripts/`.
//!
//! A library, so that the end-to-end tests build and deploy exactly as `scripts/start` does.

pub mod app;
pub mod bench;
pub mod build;
pub mod deploy;
pub mod icp;
pub mod identity;
pub mod layout;
pub mod media_type;
pub mod network_file;
pub mod new;
pub mod pictures;
pub mod process;
pub mod release;
pub mod rollout;
pub mod start;
pub mod stop;
pub mod test;

mod asset_headers;
mod files;
mod gzip;
mod instance;
mod ports;
