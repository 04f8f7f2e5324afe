//! The last minutes, in samples: what the charts show.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    gateway::Gateway,
    metrics::{Metrics, Quantiles},
};

/// Between two samples.
pub(super) const PERIOD: Duration = Duration::from_secs(5);

/// Ten minutes of them.
pub(super) const CAPACITY: usize = 120;

/// The latest samples.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<VecDeque<Sample>>);

/// What happened within one period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Sample {
    pub(super) clients: usize,
    pub(super) calls_per_second: f64,
    pub(super) messages_per_second: f64,
    pub(super) received_bytes_per_second: f64,
    pub(super) sent_bytes_per_second: f64,
    /// In seconds, as all latencies.
    pub(super) call_duration: Option<Quantiles>,
    pub(super) delivery_latency: Option<Quantiles>,
}

impl History {
    /// Oldest first.
    pub(super) fn samples(&self) -> Vec<Sample> {
        self.lock().iter().cloned().collect()
    }

    fn push(&self, sample: Sample) {
        let mut samples = self.lock();
        if samples.len() == CAPACITY {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes samples for ever.
pub(crate) async fn sample(gateway: Arc<Gateway>) {
    let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = Totals::of(&gateway.metrics);
    let mut last = Instant::now();
    loop {
        ticks.tick().await;
        let totals = Totals::of(&gateway.metrics);
        let clients = gateway.canisters.summary().iter().map(|c| c.clients).sum();
        gateway.history.push(Sample {
            clients,
            call_duration: gateway.metrics.call_duration.take_recent(),
            delivery_latency: gateway.metrics.delivery_latency.take_recent(),
            ..totals.since(&before, last.elapsed())
        });
        before = totals;
        last = Instant::now();
    }
}

/// Counters at one time.
struct Totals {
    calls: u64,
    messages: u64,
    received_bytes: u64,
    sent_bytes: u64,
}

impl Totals {
    fn of(metrics: &Metrics) -> Self {
        Self {
            calls: metrics.calls_relayed.get(),
            messages: metrics.messages_delivered.get(),
            received_bytes: metrics.bytes_received.get(),
            sent_bytes: metrics.bytes_sent.get(),
        }
    }

    fn since(&self, before: &Self, elapsed: Duration) -> Sample {
        let seconds = elapsed.as_secs_f64().max(f64::EPSILON);
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        Sample {
            clients: 0,
            calls_per_second: rate(self.calls, before.calls),
            messages_per_second: rate(self.messages, before.messages),
            received_bytes_per_second: rate(self.received_bytes, before.received_bytes),
            sent_bytes_per_second: rate(self.sent_bytes, before.sent_bytes),
            call_duration: None,
            delivery_latency: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(calls: u64) -> Totals {
        Totals {
            calls,
            messages: 0,
            received_bytes: 0,
            sent_bytes: 0,
        }
    }

    #[test]
    fn rates_are_per_second() {
        let sample = totals(30).since(&totals(10), Duration::from_secs(5));
        assert_eq!(sample.calls_per_second, 4.0);
        assert_eq!(sample.messages_per_second, 0.0);
    }

    #[test]
    fn what_is_older_than_ten_minutes_is_forgotten() {
        let history = History::default();
        for calls in 0..=CAPACITY as u64 {
            history.push(totals(calls).since(&totals(0), Duration::from_secs(1)));
        }
        let samples = history.samples();
        assert_eq!(samples.len(), CAPACITY);
        assert_eq!(samples[0].calls_per_second, 1.0);
    }
}
