//! Times as this person's clock and language say them.

use std::thread::LocalKey;

use js_sys::{Array, Date, Function, Intl::DateTimeFormat, JsString, Object, Reflect};
use wasm_bindgen::JsValue;

const MINUTE_MS: f64 = 60_000.0;
const DAY_MS: f64 = 24.0 * 60.0 * MINUTE_MS;

thread_local! {
    // Made once: a browser takes longer to make one than to draw a message.
    static DAY: Function = format(&[("dateStyle", "full")]);
    static SHORT_DAY: Function = format(&[("day", "numeric"), ("month", "short")]);
    static TIME: Function = format(&[("timeStyle", "short")]);
    static DAY_AND_TIME: Function = format(&[("dateStyle", "full"), ("timeStyle", "medium")]);
}

/// The local calendar day of a time in nanoseconds since 1970, counted from 1970.
pub fn local_day(ns: u64) -> i64 {
    day_of(&date(ns))
}

/// The local day in words: today, yesterday, or its date.
pub fn day_words(ns: u64) -> String {
    let date = date(ns);
    match day_of(&Date::new_0()) - day_of(&date) {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ => words(&date, &DAY),
    }
}

/// The local time of day, to the minute.
pub fn time_words(ns: u64) -> String {
    words(&date(ns), &TIME)
}

/// The local date and time, to the second.
pub fn full_words(ns: u64) -> String {
    words(&date(ns), &DAY_AND_TIME)
}

/// The time in ISO 8601, for the `datetime` attribute.
pub fn machine_time(ns: u64) -> String {
    date(ns).to_iso_string().into()
}

fn date(ns: u64) -> Date {
    Date::new(&JsValue::from_f64((ns / 1_000_000) as f64))
}

fn day_of(date: &Date) -> i64 {
    ((date.get_time() - date.get_timezone_offset() * MINUTE_MS) / DAY_MS).floor() as i64
}

/// A way to put times into words, in the language of the browser.
fn format(style: &[(&str, &str)]) -> Function {
    let options = Object::new();
    for (name, value) in style {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&options, &JsString::from(*name), &JsString::from(*value));
    }
    DateTimeFormat::new(&Array::new(), &options).format()
}

fn words(date: &Date, format: &'static LocalKey<Function>) -> String {
    let words = format.with(|format| format.call1(&JsValue::UNDEFINED, date));
    // There are words for every time that a canister can tell.
    words
        .ok()
        .and_then(|words| words.as_string())
        .unwrap_or_default()
}

/// The time by this device's clock, in milliseconds since 1970.
pub fn now_ms() -> u64 {
    Date::now() as u64
}

/// How long ago something was, in nanoseconds since 1970, in few words.
pub fn ago_words(ns: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let seconds = now_ms().saturating_sub(ns / 1_000_000) / 1_000;
    match seconds {
        0..MINUTE => "now".to_owned(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        _ if local_day(ns) == day_of(&Date::new_0()) => time_words(ns),
        _ => words(&date(ns), &SHORT_DAY),
    }
}

/// When somebody was last seen, in nanoseconds since 1970.
pub fn seen_words(ns: u64) -> String {
    match ago_words(ns) {
        now if now == "now" => "just now".to_owned(),
        minutes if minutes.ends_with("min") => format!("{minutes} ago"),
        other => other,
    }
}
