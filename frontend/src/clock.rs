//! Times as this person's clock and language say them.

use std::thread::LocalKey;

use ic_ws_yew::{TimeFormat, date};
use js_sys::Date;

const MINUTE_MS: f64 = 60_000.0;
const DAY_MS: f64 = 24.0 * 60.0 * MINUTE_MS;

thread_local! {
    static DAY: TimeFormat = TimeFormat::new(&[("dateStyle", "full")]);
    static SHORT_DAY: TimeFormat = TimeFormat::new(&[("day", "numeric"), ("month", "short")]);
    static TIME: TimeFormat = TimeFormat::new(&[("timeStyle", "short")]);
    static DAY_AND_TIME: TimeFormat =
        TimeFormat::new(&[("dateStyle", "full"), ("timeStyle", "medium")]);
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

fn day_of(date: &Date) -> i64 {
    ((date.get_time() - date.get_timezone_offset() * MINUTE_MS) / DAY_MS).floor() as i64
}

fn words(date: &Date, format: &'static LocalKey<TimeFormat>) -> String {
    format.with(|format| format.words(date))
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
