//! How a page puts things into words.

use candid::Principal;
#[cfg(target_family = "wasm")]
use js_sys::Math;

use crate::time_format::{TimeFormat, date};

/// The beginning of a principal: enough to tell two people apart at a glance.
pub fn short_id(id: Principal) -> String {
    let text = id.to_text();
    text.chars().take(11).chain(['…']).collect()
}

/// A time in nanoseconds since 1970, as this person's clock and language say it.
pub fn local_time(ns: u64) -> String {
    thread_local! {
        static FORMAT: TimeFormat =
            TimeFormat::new(&[("dateStyle", "short"), ("timeStyle", "medium")]);
    }
    FORMAT.with(|format| format.words(&date(ns)))
}

/// A number that no other message of this person has: the canister knows by it what it gets twice.
#[cfg(target_family = "wasm")]
pub fn new_id() -> u64 {
    const BITS: i32 = 53;
    (Math::random() * 2f64.powi(BITS)) as u64
}

/// Has the window show this as the page's title, with how much calls for attention.
#[cfg(target_family = "wasm")]
pub fn set_title(title: &str, calls: usize) {
    let document = gloo_utils::document();
    match calls {
        0 => document.set_title(title),
        calls => document.set_title(&format!("({calls}) {title}")),
    }
}
