#![cfg(test)]
//! Clients that nobody here wrote, against the local network.

mod agents;
