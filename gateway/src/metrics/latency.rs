//! How long something takes: as a histogram for Prometheus, which needs the same buckets all the time, and as
//! quantiles of the last seconds for the status page.

use std::{
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use sketches_ddsketch::{Config, DDSketch};

/// Observed durations.
pub(crate) struct Latency {
    histogram: Histogram,
    recent: Mutex<DDSketch>,
}

/// Half of some durations were not longer than `p50`, 99 of 100 not longer than `p99`; in seconds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Default for Latency {
    /// With buckets from 1 ms to about a minute.
    fn default() -> Self {
        Self {
            histogram: Histogram::new(exponential_buckets(0.001, 2.0, 17)),
            recent: Mutex::new(sketch()),
        }
    }
}

impl Latency {
    /// What to register.
    pub(crate) fn histogram(&self) -> Histogram {
        self.histogram.clone()
    }

    pub(crate) fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.histogram.observe(seconds);
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(seconds);
    }

    /// Of what was observed since this was last asked; nothing if that was nothing.
    pub(crate) fn take_recent(&self) -> Option<Quantiles> {
        let recent = mem::replace(
            &mut *self.recent.lock().unwrap_or_else(PoisonError::into_inner),
            sketch(),
        );
        Some(Quantiles {
            p50: recent.quantile(0.5).ok()??,
            p99: recent.quantile(0.99).ok()??,
        })
    }
}

impl std::fmt::Debug for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Latency")
            .field("histogram", &self.histogram)
            .finish_non_exhaustive()
    }
}

/// Exact to 1 %, in bounded memory.
fn sketch() -> DDSketch {
    DDSketch::new(Config::defaults())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_what_came_since_the_last_time() {
        let latency = Latency::default();
        assert_eq!(latency.take_recent(), None);
        for milliseconds in 1..=100 {
            latency.observe(Duration::from_millis(milliseconds));
        }
        let recent = latency.take_recent().unwrap();
        assert!((recent.p50 - 0.050).abs() < 0.002, "{recent:?}");
        assert!((recent.p99 - 0.099).abs() < 0.002, "{recent:?}");
        assert_eq!(latency.take_recent(), None);
    }
}
