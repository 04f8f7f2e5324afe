#![cfg(test)]
//! Clients that nobody here wrote, against the local network.

mod agents;
mod delegations;
// The package with the `icp` command is there for this platform only.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod icp;
mod own;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod project;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod rollout;
mod sign_in;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod snapshots;
