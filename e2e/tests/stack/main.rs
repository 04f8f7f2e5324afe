//! The whole stack, driven as its users drive it.

mod bench;
mod browsers;
mod examples;
mod faults;
mod interface;
mod outages;
mod published_client;
mod refusals;
mod room;
mod scripts;
mod tampering;
