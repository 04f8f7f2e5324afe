//! How long something takes.

use std::time::Duration;

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Observed durations.
#[derive(Debug)]
pub(crate) struct Latency {
    histogram: Histogram,
}

impl Default for Latency {
    /// With buckets from 1 ms to about a minute.
    fn default() -> Self {
        Self {
            histogram: Histogram::new(exponential_buckets(0.001, 2.0, 17)),
        }
    }
}

impl Latency {
    /// What to register.
    pub(crate) fn histogram(&self) -> Histogram {
        self.histogram.clone()
    }

    pub(crate) fn observe(&self, duration: Duration) {
        self.histogram.observe(duration.as_secs_f64());
    }
}
