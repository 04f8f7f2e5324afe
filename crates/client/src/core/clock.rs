//! The device's clock without its steps back. Whoever owns the device may set its clock; a deadline must not recede for
//! that, nor a connection take the time of its network for another one.

use super::time::NetworkTime;

/// Turns the time that the device's clock shows into a steady one, which goes on where the clock is set back.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// By how much the clock was set back so far.
    behind: u64,
    /// The steady time when last asked.
    last: u64,
}

impl Clock {
    /// The steady time when the device's clock shows `device`.
    pub fn steady(&mut self, device: u64) -> u64 {
        let steady = device.saturating_add(self.behind);
        self.behind += self.last.saturating_sub(steady);
        self.last = self.last.max(steady);
        self.last
    }

    /// What the device's clock shows at a steady time, if nobody sets it until then.
    pub fn device(&self, steady: u64) -> u64 {
        steady.saturating_sub(self.behind)
    }

    /// The network's time, which is known to be `time` by the device's clock, by the steady one.
    pub fn network_time(&self, time: NetworkTime) -> NetworkTime {
        time.earlier(self.behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_where_the_devices_clock_is_set_back() {
        let mut clock = Clock::default();
        assert_eq!(clock.steady(100), 100);
        assert_eq!(clock.steady(40), 100);
        assert_eq!(clock.steady(50), 110);
        assert_eq!(clock.device(120), 60);
        // Forwards, it may be set.
        assert_eq!(clock.steady(200), 260);
        assert_eq!(clock.steady(10), 260);
        assert_eq!(clock.steady(11), 261);
    }

    #[test]
    fn the_network_keeps_its_time() {
        let mut clock = Clock::default();
        clock.steady(100);
        let steady = clock.steady(40);
        let mut time = NetworkTime::default();
        time.not_before(45, 40);
        assert_eq!(clock.network_time(time).at(steady), 45);
    }
}
