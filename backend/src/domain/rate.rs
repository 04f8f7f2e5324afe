//! How much one person may ask for: a token bucket each, filled by the passing of time.
//!
//! On the heap: an upgrade fills all of them.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use chat_api::{RoomId, Time};

use super::Limits;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

pub(super) struct Buckets {
    /// The time that one token takes.
    token: Time,
    /// The time that a full bucket takes.
    full: Time,
    typing_pause: Time,
    capacity: usize,
    buckets: BTreeMap<Principal, Bucket>,
    /// The same, the longest quiet first.
    queue: BTreeSet<(Time, Principal)>,
}

#[derive(Default)]
struct Bucket {
    /// Since when it has been filling: it holds as many tokens as fit into the time since.
    since: Time,
    /// Where the person was last told to be typing, and when.
    typed: Option<(RoomId, Time)>,
    /// Whether nobody was told that the person is here.
    is_unseen: bool,
}

impl Buckets {
    pub fn new(limits: &Limits) -> Self {
        let token = NANOS_PER_SECOND / u64::from(limits.per_second.max(1));
        Self {
            token,
            full: token * u64::from(limits.burst),
            typing_pause: limits.typing_pause,
            capacity: limits.rates,
            buckets: BTreeMap::new(),
            queue: BTreeSet::new(),
        }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, person: Principal, now: Time) -> bool {
        let bucket = self.buckets.get(&person);
        let has_token = bucket.is_none_or(|bucket| bucket.since.saturating_add(self.token) <= now);
        if has_token {
            self.charge(person, 1, now);
        }
        has_token
    }

    /// Takes tokens of which only afterwards is known how many they are. What is missing is made up for before the next one.
    pub fn charge(&mut self, person: Principal, tokens: u64, now: Time) {
        if tokens == 0 {
            return;
        }
        let is_new = !self.buckets.contains_key(&person);
        if is_new
            && self.buckets.len() >= self.capacity
            && let Some((_, quiet)) = self.queue.pop_first()
        {
            self.buckets.remove(&quiet);
        }
        let bucket = self.buckets.entry(person).or_default();
        self.queue.remove(&(bucket.since, person));
        let fullest = now.saturating_sub(self.full);
        let taken = self.token.saturating_mul(tokens);
        bucket.since = bucket.since.max(fullest).saturating_add(taken);
        self.queue.insert((bucket.since, person));
    }

    /// Whether it is news that somebody who has taken a token is typing.
    pub fn is_typing_news(&mut self, person: Principal, room: RoomId, now: Time) -> bool {
        let Some(bucket) = self.buckets.get_mut(&person) else {
            return true;
        };
        let is_lately = |at: Time| now < at.saturating_add(self.typing_pause);
        let is_news = !bucket
            .typed
            .is_some_and(|(last, at)| last == room && is_lately(at));
        if is_news {
            bucket.typed = Some((room, now));
        }
        is_news
    }

    /// Takes a token for somebody's coming, who was away. Whether others are to see it; if not, they are not to see the person
    /// go, either.
    pub fn comes(&mut self, person: Principal, now: Time) -> bool {
        let is_seen = self.take(person, now);
        if let Some(bucket) = self.buckets.get_mut(&person) {
            bucket.is_unseen = !is_seen;
        }
        is_seen
    }

    /// Whether others are to see somebody go.
    pub fn goes(&self, person: Principal) -> bool {
        !self.buckets.get(&person).is_some_and(|it| it.is_unseen)
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
    fn what_was_too_much_is_made_up_for() {
        let mut buckets = buckets(10);
        assert!(buckets.take(person(1), START));
        buckets.charge(person(1), 6, START);
        assert_eq!(taken(&mut buckets, 1, START + 2 * NANOS_PER_SECOND), 0);
        assert_eq!(taken(&mut buckets, 1, START + 5 * NANOS_PER_SECOND / 2), 1);
    }

    #[test]
    fn who_was_quiet_longest_is_forgotten() {
        let mut buckets = buckets(2);
        for (n, at) in [(1, START), (2, START + 1), (3, START + 2)] {
            assert_eq!(taken(&mut buckets, n, at), 3);
        }
        assert_eq!((buckets.buckets.len(), buckets.queue.len()), (2, 2));
        assert_eq!(taken(&mut buckets, 3, START + 2), 0);
        assert_eq!(taken(&mut buckets, 2, START + 2), 0);
        assert_eq!(taken(&mut buckets, 1, START + 2), 3);
    }
}
