//! The network's time: the machine's, except that it never goes back.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// A clock that never shows an earlier time than it has shown before.
#[derive(Debug)]
pub struct Clock {
    latest_ns: AtomicU64,
}

impl Clock {
    /// A clock that continues from `latest_ns`, the last time shown in an earlier run.
    pub fn new(latest_ns: u64) -> Self {
        Self {
            latest_ns: AtomicU64::new(latest_ns),
        }
    }

    /// Nanoseconds since the epoch.
    pub fn now_ns(&self) -> u64 {
        let machine = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let machine_ns = u64::try_from(machine.as_nanos()).unwrap_or(u64::MAX);
        self.latest_ns
            .fetch_max(machine_ns, Ordering::Relaxed)
            .max(machine_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_back_after_a_restart() {
        let future = Clock::new(0).now_ns() + 1_000_000_000_000;
        assert_eq!(Clock::new(future).now_ns(), future);
    }
}
