//! How long to wait before the next attempt: a random part of a span that doubles, so that many clients who lost the
//! same gateway do not come back all at once.

use std::time::Duration;

use fastrand::Rng;

use crate::config::Reconnect;

#[derive(Debug)]
pub(super) struct Backoff {
    attempts: u32,
    random: Rng,
}

impl Backoff {
    pub fn new(seed: u64) -> Self {
        Self {
            attempts: 0,
            random: Rng::with_seed(seed),
        }
    }

    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The number of the next attempt, from 1, and how long to wait before it.
    pub fn next_attempt(&mut self, limits: &Reconnect) -> (u32, Duration) {
        let doubled = 2u32.checked_pow(self.attempts).unwrap_or(u32::MAX);
        let longest = limits
            .first_wait
            .saturating_mul(doubled)
            .min(limits.max_wait);
        self.attempts = self.attempts.saturating_add(1);
        (self.attempts, longest.mul_f64(self.random.f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_start_over() {
        let limits = Reconnect::default();
        let mut longest = [Duration::ZERO; 10];
        for seed in 0..200 {
            let mut backoff = Backoff::new(seed);
            for (n, longest) in longest.iter_mut().enumerate() {
                let (attempt, wait) = backoff.next_attempt(&limits);
                assert_eq!(attempt as usize, n + 1);
                *longest = wait.max(*longest);
            }
            backoff.reset();
            let (attempt, wait) = backoff.next_attempt(&limits);
            assert_eq!(attempt, 1);
            assert!(wait <= limits.first_wait);
        }
        for (n, longest) in longest.into_iter().enumerate() {
            let limit = (limits.first_wait * 2u32.pow(n as u32)).min(limits.max_wait);
            assert!(longest <= limit && longest > limit * 9 / 10, "{longest:?}");
        }
    }

    #[test]
    fn any_number_of_attempts_is_possible() {
        let mut backoff = Backoff::new(1);
        backoff.attempts = u32::MAX;
        let (_, wait) = backoff.next_attempt(&Reconnect::default());
        assert!(wait <= Reconnect::default().max_wait);
    }
}
