//! What an operator can set about logs and traces.

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};
use reqwest::Url;

use super::values::{Optional, http_url};

/// What the gateway tells of itself, beside its metrics.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Logs and traces")]
pub struct Telemetry {
    /// Where to send traces to: an OpenTelemetry collector that takes OTLP over HTTP, usually at port 4318.
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true, value_parser = collector)]
    pub opentelemetry_collector_endpoint: Optional<Url>,

    /// The part of the messages that is traced, from 0 to 1.
    #[arg(long, value_name = "RATIO", default_value = "1", value_parser = ratio)]
    pub opentelemetry_sampling_ratio: f64,

    /// How log lines are written. RUST_LOG in the environment says which ones are.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Log lines of one kind that are written in a second, in the long run. What is left out is counted.
    #[arg(long, value_name = "N", default_value = "10")]
    pub max_log_rate: NonZeroU32,
}

/// How log lines are written.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

fn collector(text: &str) -> Result<Optional<Url>, String> {
    match text {
        "" => Ok(None),
        text => http_url(text).map(Some),
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("a number from 0 to 1 is needed".to_owned()),
    }
}
