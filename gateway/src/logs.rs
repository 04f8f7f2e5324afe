//! The log: what is written, how, and how much of it. A flood of one kind of line does not fill the disk.

use std::{
    io::{self, IsTerminal},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use thiserror::Error;
use tokio::time::sleep;
use tracing::{Event, Metadata, callsite::Identifier, warn};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, FromEnvError},
    layer::{Context, Filter, SubscriberExt},
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::{LogFormat, Telemetry};

/// How many seconds' worth of lines may come at once.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// How often what was left out is told.
const REPORT_PERIOD: Duration = Duration::from_secs(10);

/// There can be no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// `RUST_LOG` is wrong.
    #[error("RUST_LOG is not a log filter: {0}")]
    Filter(#[from] FromEnvError),
    /// There is a log already.
    #[error(transparent)]
    Init(#[from] TryInitError),
}

/// Lines that were left out because there were too many of their kind.
#[derive(Debug, Clone, Default)]
pub struct LeftOut(Arc<AtomicU64>);

/// Starts the log of the process, to standard error.
///
/// # Errors
/// When `RUST_LOG` is not a filter, or there is a log already.
pub fn init(config: &Telemetry) -> Result<LeftOut, LogError> {
    let left_out = LeftOut::default();
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()?
        .and(RateLimit::new(config.max_log_rate, left_out.clone()));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()?;
    Ok(left_out)
}

impl LeftOut {
    /// Tells the log, now and then, how much it does not say.
    pub async fn report(self) {
        loop {
            sleep(REPORT_PERIOD).await;
            let lines = self.0.swap(0, Ordering::Relaxed);
            if lines > 0 {
                warn!(
                    lines,
                    "log lines were left out, as there were too many of their kind"
                );
            }
        }
    }
}

/// Lets through so many events of each place in the source.
struct RateLimit {
    events: DefaultKeyedRateLimiter<Identifier>,
    left_out: LeftOut,
}

impl RateLimit {
    fn new(per_second: NonZeroU32, left_out: LeftOut) -> Self {
        let burst = per_second.saturating_mul(BURST_SECONDS);
        Self {
            events: RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst)),
            left_out,
        }
    }
}

impl<S> Filter<S> for RateLimit {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let allowed = self.events.check_key(&event.metadata().callsite()).is_ok();
        if !allowed {
            self.left_out.0.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use tracing::{info, subscriber::with_default};

    use super::*;

    /// Counts events.
    #[derive(Clone, Default)]
    struct Count(Arc<AtomicU64>);

    impl<S: tracing::Subscriber> Layer<S> for Count {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_flood_of_one_kind_leaves_room_for_others() {
        let (count, left_out) = (Count::default(), LeftOut::default());
        let filter = RateLimit::new(NonZeroU32::MIN, left_out.clone());
        let log = tracing_subscriber::registry().with(count.clone().with_filter(filter));
        with_default(log, || {
            for _ in 0..10_000 {
                info!("flood");
            }
            info!("something else");
        });
        let written = count.0.load(Ordering::Relaxed);
        let left_out = left_out.0.load(Ordering::Relaxed);
        assert_eq!(written + left_out, 10_001);
        assert!((21..100).contains(&written), "{written}");
    }
}
