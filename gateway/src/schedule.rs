//! When to poll a canister next. Without I/O or clock, so that it can be tested with any passage of time.

use std::time::Duration;

/// How much longer each pause is than the one before, while nothing happens.
const SLOWER: f64 = 1.5;
/// The same after polls that failed.
const SLOWER_AFTER_FAILURE: f64 = 2.0;
/// The first pause after a poll that failed, and the longest.
const FAILURE_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Pauses are up to this part of them shorter, at random, so that canisters are not polled all at once.
const JITTER: f64 = 0.2;

/// When to poll one canister.
#[derive(Debug)]
pub(crate) struct Schedule {
    shortest: Duration,
    longest: Duration,
    /// What follows a poll that gave nothing.
    pause: Duration,
    /// What follows a poll that fails.
    failure_pause: Duration,
}

/// How a poll ended, once the queue was drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polled {
    /// There were messages.
    Messages,
    Nothing,
    Failed,
}

impl Schedule {
    /// Pauses are between `shortest` and `longest`.
    pub(crate) fn new(shortest: Duration, longest: Duration) -> Self {
        Self {
            shortest,
            longest: longest.max(shortest),
            pause: shortest,
            failure_pause: FAILURE_PAUSES.0,
        }
    }

    /// How long to wait after a poll that ended so. `chance` is random, from 0 to 1.
    pub(crate) fn pause_after(&mut self, polled: Polled, chance: f64) -> Duration {
        let pause = match polled {
            Polled::Failed => {
                let next = self.failure_pause.mul_f64(SLOWER_AFTER_FAILURE);
                std::mem::replace(&mut self.failure_pause, next.min(FAILURE_PAUSES.1))
            }
            Polled::Messages | Polled::Nothing => {
                self.failure_pause = FAILURE_PAUSES.0;
                if polled == Polled::Messages {
                    self.hurry();
                }
                let next = self.pause.mul_f64(SLOWER);
                std::mem::replace(&mut self.pause, next.min(self.longest))
            }
        };
        pause.mul_f64(1.0 - JITTER * chance)
    }

    /// Something happens in the canister: more may follow.
    pub(crate) fn hurry(&mut self) {
        self.pause = self.shortest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_millis(500);

    fn schedule() -> Schedule {
        Schedule::new(SHORTEST, LONGEST)
    }

    /// The pauses after these polls, one straight after the other, without chance.
    fn pauses(schedule: &mut Schedule, polls: &[Polled]) -> Vec<u128> {
        let pause = |polled: &Polled| schedule.pause_after(*polled, 0.0).as_millis();
        polls.iter().map(pause).collect()
    }

    #[test]
    fn pauses_grow_while_nothing_happens_and_shrink_when_something_does() {
        use Polled::{Messages, Nothing};
        let mut schedule = schedule();
        let idle = pauses(&mut schedule, &[Nothing; 6]);
        assert_eq!(idle, [100, 150, 225, 337, 500, 500]);
        let active = pauses(&mut schedule, &[Messages, Messages, Nothing, Nothing]);
        assert_eq!(active, [100, 100, 150, 225]);
        schedule.hurry();
        assert_eq!(pauses(&mut schedule, &[Nothing, Nothing]), [100, 150]);
    }

    #[test]
    fn failures_have_pauses_of_their_own() {
        use Polled::{Failed, Messages, Nothing};
        let mut schedule = schedule();
        let failing = pauses(&mut schedule, &[Failed; 8]);
        assert_eq!(failing, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        let recovered = pauses(&mut schedule, &[Nothing, Messages, Failed]);
        assert_eq!(recovered, [100, 100, 100]);
    }

    #[test]
    fn a_longest_pause_below_the_shortest_is_the_shortest() {
        let mut schedule = Schedule::new(LONGEST, SHORTEST);
        assert_eq!(pauses(&mut schedule, &[Polled::Nothing; 2]), [500, 500]);
    }

    /// A thousand canisters that begin together, for a simulated minute: no moment sees many of them.
    #[test]
    fn canisters_that_begin_together_do_not_stay_together() {
        const CANISTERS: usize = 1000;
        let mut polls_in_ms = vec![0; 60_000];
        let mut seed = 7_u32;
        let mut chance = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        for _ in 0..CANISTERS {
            let mut schedule = schedule();
            let mut now = Duration::ZERO;
            while let Some(polls) = polls_in_ms.get_mut(now.as_millis() as usize) {
                *polls += 1;
                now += schedule.pause_after(Polled::Nothing, chance());
            }
        }
        let busiest = polls_in_ms.iter().skip(10_000).max();
        // On average there are two to three.
        assert!(busiest < Some(&20), "{busiest:?}");
    }
}
