//! Times in the language of the browser.

use js_sys::{Array, Date, Function, Intl::DateTimeFormat, JsString, Object, Reflect};
use wasm_bindgen::JsValue;

/// A way to put times into words. To be kept: a browser takes longer to make one than to draw what it stands in.
pub struct TimeFormat(Function);

impl TimeFormat {
    /// One with these options of `Intl.DateTimeFormat`.
    pub fn new(options: &[(&str, &str)]) -> Self {
        let object = Object::new();
        for (name, value) in options {
            // Setting a field of a plain object cannot fail.
            let _ = Reflect::set(&object, &JsString::from(*name), &JsString::from(*value));
        }
        Self(DateTimeFormat::new(&Array::new(), &object).format())
    }

    /// The time in words.
    pub fn words(&self, date: &Date) -> String {
        // There are words for every time that a canister can tell.
        let words = self.0.call1(&JsValue::UNDEFINED, date).ok();
        words
            .and_then(|words| words.as_string())
            .unwrap_or_default()
    }
}

/// A time in nanoseconds since 1970, to the browser.
pub fn date(ns: u64) -> Date {
    Date::new(&JsValue::from_f64((ns / 1_000_000) as f64))
}
