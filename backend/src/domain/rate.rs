//! How often one person may ask for something: a token bucket each, filled by the passing of time.
//!
//! On the heap: an upgrade fills all of them.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use chat_api::Time;

use super::Limits;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

pub(super) struct Buckets {
    /// The time that one token takes.
    token: Time,
    /// The time that a full bucket takes.
    full: Time,
    capacity: usize,
    /// Since when each bucket has been filling: it holds as many tokens as fit into the time since.
    since: BTreeMap<Principal, Time>,
    /// The same, the longest quiet first.
    queue: BTreeSet<(Time, Principal)>,
}

impl Buckets {
    pub fn new(limits: &Limits) -> Self {
        let token = NANOS_PER_SECOND / u64::from(limits.per_second.max(1));
        Self {
            token,
            full: token * u64::from(limits.burst),
            capacity: limits.rates,
            since: BTreeMap::new(),
            queue: BTreeSet::new(),
        }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, person: Principal, now: Time) -> bool {
        let fullest = now.saturating_sub(self.full);
        let known = self.since.get(&person).copied();
        let filled_since = known.unwrap_or(fullest).max(fullest);
        let after = filled_since + self.token;
        if after > now {
            return false;
        }
        if let Some(known) = known {
            self.queue.remove(&(known, person));
        } else if self.since.len() >= self.capacity
            && let Some((_, quiet)) = self.queue.pop_first()
        {
            self.since.remove(&quiet);
        }
        self.since.insert(person, after);
        self.queue.insert((after, person));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = 1_000 * NANOS_PER_SECOND;

    fn buckets(rates: usize) -> Buckets {
        let limits = Limits {
            burst: 3,
            per_second: 2,
            rates,
            ..Limits::default()
        };
        Buckets::new(&limits)
    }

    fn person(n: u8) -> Principal {
        Principal::from_slice(&[n])
    }

    fn taken(buckets: &mut Buckets, n: u8, now: Time) -> usize {
        (0..10).filter(|_| buckets.take(person(n), now)).count()
    }

    #[test]
    fn a_burst_then_a_rate() {
        let mut buckets = buckets(10);
        assert_eq!(taken(&mut buckets, 1, START), 3);
        assert_eq!(taken(&mut buckets, 1, START + NANOS_PER_SECOND / 2), 1);
        assert_eq!(taken(&mut buckets, 1, START + NANOS_PER_SECOND), 1);
        assert_eq!(taken(&mut buckets, 1, START + 9 * NANOS_PER_SECOND), 3);
        assert_eq!(taken(&mut buckets, 2, START), 3, "each has their own");
    }

    #[test]
    fn who_was_quiet_longest_is_forgotten() {
        let mut buckets = buckets(2);
        for (n, at) in [(1, START), (2, START + 1), (3, START + 2)] {
            assert_eq!(taken(&mut buckets, n, at), 3);
        }
        assert_eq!((buckets.since.len(), buckets.queue.len()), (2, 2));
        assert_eq!(taken(&mut buckets, 3, START + 2), 0);
        assert_eq!(taken(&mut buckets, 2, START + 2), 0);
        assert_eq!(taken(&mut buckets, 1, START + 2), 3);
    }
}
