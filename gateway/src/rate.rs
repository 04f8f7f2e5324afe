//! How much a client, or all of one address, may send.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// A message counts once for each part of this size that it begins, so that one limit bounds messages and bytes.
const PART: usize = 16 * 1024;

/// What may be sent at once after a pause, in seconds of what may be sent for long.
const BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// A limit on messages.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
}

impl Rate {
    /// Allows so many messages a second for long, and ten times as many at once.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(per_second.saturating_mul(BURST));
        Self {
            per_second,
            limiter: RateLimiter::direct(quota),
        }
    }

    /// Whether a message of `size` bytes is within the limit. If so it counts.
    pub(crate) fn admits(&self, size: usize) -> bool {
        let more = u32::try_from(size / PART).unwrap_or(u32::MAX);
        let cost = NonZeroU32::MIN.saturating_add(more);
        matches!(self.limiter.check_n(cost), Ok(Ok(())))
    }

    pub(crate) fn per_second(&self) -> NonZeroU32 {
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages of `size` bytes are admitted at once. A slow test may earn itself one more.
    #[track_caller]
    fn expect_admitted(rate: &Rate, size: usize, expected: usize) {
        let admitted = (0..1000).take_while(|_| rate.admits(size)).count();
        assert!((expected..=expected + 1).contains(&admitted), "{admitted}");
    }

    #[test]
    fn a_burst_is_admitted_and_no_more() {
        expect_admitted(&Rate::new(NonZeroU32::MIN), 100, 10);
    }

    #[test]
    fn a_large_message_counts_more() {
        expect_admitted(&Rate::new(NonZeroU32::MIN), 4 * PART, 2);
    }

    #[test]
    fn what_is_refused_does_not_count() {
        let rate = Rate::new(NonZeroU32::MIN);
        assert!(!rate.admits(usize::MAX));
        expect_admitted(&rate, 0, 10);
    }
}
