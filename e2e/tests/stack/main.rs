//! The whole stack, driven as its users drive it.

mod agent;
mod attack;
mod bench;
mod browsers;
mod envelopes;
mod examples;
mod failover;
mod faults;
mod idle;
mod interface;
mod outages;
mod published_client;
mod refusals;
mod room;
mod scripts;
mod signing_in;
mod tampering;
