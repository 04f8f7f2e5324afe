//! What a Yew page needs to talk to a canister.
//!
//! - [`mod@env`]: the network that the page belongs to, as the asset canister tells it.
//! - `Identity` (browser): who this person is to the canister: a guest, or somebody who has signed in.
//! - [`SetupError`]: what people see of a page that does not know its network.

pub mod env;
#[cfg(target_family = "wasm")]
mod guest;
#[cfg(target_family = "wasm")]
mod identity;
mod setup_error;

pub use env::Env;
#[cfg(target_family = "wasm")]
pub use identity::Identity;
pub use setup_error::SetupError;
