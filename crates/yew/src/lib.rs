//! What a Yew page needs to talk to a canister.
//!
//! - [`mod@env`]: the network that the page belongs to, as the asset canister tells it.
//! - `Identity` (browser): who this person is to the canister: a guest, or somebody who has signed in.
//! - `show` (browser): a page with its way in and out again, around a component for whoever has entered.
//! - `use_socket` (browser): that component's connection; `Live` is one of any other part of a page.
//! - [`TextField`] and `Form` (browser): what people type; [`typed`] and [`focus`] for other fields.
//! - [`TimeFormat`]: times in words.
//! - `Storage` (browser): what outlives the page, as far as the browser allows.
//! - [`SetupError`]: what they see of a page that does not know its network.
//!
//! A whole page is this:
//!
//! ```
//! # #[cfg(target_family = "wasm")]
//! # mod page {
//! use ic_ws_yew::{Inside, Known, use_socket};
//! use yew::prelude::*;
//!
//! #[derive(Clone, Default)]
//! struct Told(u64);
//!
//! impl Known for Told {
//!     type Message = u64;
//!
//!     fn take(&mut self, message: u64) -> Result<(), String> {
//!         self.0 = message;
//!         Ok(())
//!     }
//! }
//!
//! #[component]
//! pub fn Counter(props: &Inside) -> Html {
//!     let (told, socket) = use_socket::<Told>(&props.visitor);
//!     let next = told.0 + 1;
//!     let count = { let socket = socket.clone(); move |_: MouseEvent| socket.send(&next) };
//!     html! { <main>{ socket.status() }<button onclick={count}>{ next }</button></main> }
//! }
//! # }
//!
//! fn main() {
//!     # #[cfg(target_family = "wasm")]
//!     # use page::Counter;
//!     # #[cfg(target_family = "wasm")]
//!     ic_ws_yew::show::<Counter>("Counter", "Count together.");
//! }
//! ```

pub mod env;
mod field;
#[cfg(target_family = "wasm")]
mod form;
#[cfg(target_family = "wasm")]
mod guest;
#[cfg(target_family = "wasm")]
mod identity;
#[cfg(target_family = "wasm")]
mod live;
mod setup_error;
#[cfg(target_family = "wasm")]
mod socket;
#[cfg(target_family = "wasm")]
mod stage;
#[cfg(target_family = "wasm")]
mod storage;
mod time_format;
#[cfg(target_family = "wasm")]
mod visitor;
mod words;

pub use env::Env;
pub use field::{TextField, TextFieldProps, focus, typed};
pub use setup_error::SetupError;
pub use time_format::{TimeFormat, date};
pub use words::{local_time, short_id};
#[cfg(target_family = "wasm")]
pub use {
    form::{Form, FormProps},
    identity::Identity,
    live::Live,
    socket::{Known, Socket, use_socket},
    stage::{Inside, show},
    storage::Storage,
    visitor::Visitor,
    words::{new_id, set_title},
};
