//! How a page puts things into words.

use candid::Principal;
#[cfg(target_family = "wasm")]
use js_sys::{Date, Math, Object};

/// The beginning of a principal: enough to tell two people apart at a glance.
pub fn short_id(id: Principal) -> String {
    let text = id.to_text();
    text.chars().take(11).chain(['…']).collect()
}

/// A time in nanoseconds since 1970, as this person's clock and language say it.
#[cfg(target_family = "wasm")]
pub fn local_time(ns: u64) -> String {
    let date = Date::new(&((ns / 1_000_000) as f64).into());
    date.to_locale_string("default", &Object::new()).into()
}

/// A number that no other message of this person has: the canister knows by it what it gets twice.
#[cfg(target_family = "wasm")]
pub fn new_id() -> u64 {
    const BITS: i32 = 53;
    (Math::random() * 2f64.powi(BITS)) as u64
}

/// Has the window show this as the page's title.
#[cfg(target_family = "wasm")]
pub fn set_title(title: &str) {
    gloo_utils::document().set_title(title);
}
