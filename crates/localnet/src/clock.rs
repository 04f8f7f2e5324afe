//! The network's time: the machine's, except that it never goes back, and that tests may move it.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A clock that never shows an earlier time than it has shown before.
#[derive(Debug)]
pub struct Clock {
    latest_ns: AtomicU64,
    /// How far it is ahead of the machine's clock; negative if it is behind.
    ahead_ns: AtomicI64,
}

impl Clock {
    /// A clock that continues from `latest_ns`, the last time shown in an earlier run. If that is in the machine's
    /// future, it stands still until the machine's clock has caught up.
    pub fn new(latest_ns: u64) -> Self {
        Self {
            latest_ns: AtomicU64::new(latest_ns),
            ahead_ns: AtomicI64::new(0),
        }
    }

    /// A clock that continues from `latest_ns` and goes on from there at once, however far it was moved; otherwise it
    /// goes after the machine's by `behind`.
    pub fn moved(latest_ns: u64, behind: Duration) -> Self {
        let start_ns = machine_ns().saturating_sub(nanos(behind)).max(latest_ns);
        let clock = Self::new(start_ns);
        let ahead_ns = i128::from(start_ns) - i128::from(machine_ns());
        let ahead_ns = i64::try_from(ahead_ns).unwrap_or(i64::MAX);
        clock.ahead_ns.store(ahead_ns, Ordering::Relaxed);
        clock
    }

    /// Nanoseconds since the epoch.
    pub fn now_ns(&self) -> u64 {
        let ahead_ns = self.ahead_ns.load(Ordering::Relaxed);
        let now_ns = machine_ns().saturating_add_signed(ahead_ns);
        self.latest_ns
            .fetch_max(now_ns, Ordering::Relaxed)
            .max(now_ns)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by_ns = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        let moved = |ahead_ns: i64| Some(ahead_ns.saturating_add(by_ns));
        // It always gives a new value, so this does not fail.
        let _ = self
            .ahead_ns
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }
}

/// A duration as times are counted here.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn machine_ns() -> u64 {
    nanos(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn time_does_not_go_back_after_a_restart() {
        let future = machine_ns() + 1_000_000_000_000;
        assert_eq!(Clock::new(future).now_ns(), future);
    }

    #[test]
    fn a_moved_clock_goes_on_from_where_it_is() {
        let clock = Clock::moved(0, HOUR);
        assert!(clock.now_ns() < machine_ns());
        let before = clock.now_ns();
        clock.advance(2 * HOUR);
        assert!(clock.now_ns() >= before + nanos(2 * HOUR));
        let latest = clock.now_ns();
        let restarted = Clock::moved(latest, HOUR);
        let shown = restarted.now_ns();
        assert!(shown >= latest);
        while restarted.now_ns() == shown {}
    }
}
