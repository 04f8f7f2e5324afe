//! Values of settings, checked where they are read.

use std::{fmt::Display, str::FromStr, time::Duration};

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use reqwest::Url;
use tokio::sync::Semaphore;

/// A value that may be absent. Under this name, `clap` takes it for a value like any other, so that an empty text
/// can stand for none.
pub type Optional<T> = Option<T>;

/// A number of things that can be allowed: none would leave nothing to do.
pub(super) fn amount() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=Semaphore::MAX_PERMITS as u64)
}

/// A time that can pass.
pub(super) fn milliseconds() -> impl TypedValueParser<Value = Duration> {
    RangedU64ValueParser::<u64>::new()
        .range(1..)
        .map(Duration::from_millis)
}

pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!("an http or https URL is needed, not '{scheme}'")),
    }
}

pub(super) fn optional<T: FromStr<Err: Display>>(text: &str) -> Result<Optional<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|e: T::Err| e.to_string())
}
