//! Everything together: the local network, the canisters, the gateway, the page and the clients, for tests to
//! drive. Nothing is mocked.
//!
//! - [`network`]: a local network and a gateway on free ports.
//! - [`stack`]: these, and the chat on them.
//! - [`gateway`]: the gateway as a process of its own.
//! - [`artifact`]: what the scripts have built.
//! - [`canister`]: a canister, called with typed arguments.
//! - [`commands`]: what people ask of the chat.
//! - [`ping_pong`]: the smallest example, and somebody who talks to it.
//! - [`person`]: somebody who chats with the native client.
//! - [`nodejs`]: Node.js, which runs what others published.
//! - [`published_client`]: the published JavaScript client.
//! - [`browser`]: headless Chromium, and [`page`]: what people do on the chat page in it.
//! - [`accessibility`]: what keeps people from using a page.
//! - [`site`]: another page than the chat's.
//! - [`identity_provider`]: the local identity provider, and who signs in with it.
//! - [`icp`]: the `icp` command line.
//! - [`http`] and [`load`]: many requests that cost next to nothing to send.
//! - [`talker`]: somebody who goes on talking whatever happens to the connection, and is shown everything once.
//! - [`tampering`]: a gateway that alters what it relays.
//! - [`wait`]: waiting for a condition, with a deadline.

pub mod accessibility;
pub mod artifact;
pub mod browser;
pub mod canister;
pub mod commands;
pub mod gateway;
pub mod http;
pub mod icp;
pub mod identity_provider;
pub mod load;
pub mod network;
pub mod nodejs;
pub mod page;
pub mod person;
pub mod ping_pong;
pub mod published_client;
pub mod site;
pub mod stack;
pub mod talker;
pub mod tampering;
pub mod wait;
