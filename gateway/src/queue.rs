//! How far a canister's queue was read, and whether it is still the same one.
//!
//! The canister keeps one queue for the gateway, numbered from 0. A canister that was reinstalled, or has forgotten the
//! gateway, begins a new one, and nothing in its answers says so: it has nothing to give at the old number. When there
//! is reason to suspect that, the queue is read from its start. If what was read last is still in its place, it is the
//! old one; if not, the canister knows none of the connections any more that it sent the old messages to.
//!
//! That holds for a queue with nothing in it, too: a canister acknowledges each client's messages before it drops older
//! ones from the queue, so that while it knows clients there is always something.

use std::{
    hash::{DefaultHasher, Hasher},
    time::{Duration, Instant},
};

/// How far a queue was read.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    next: u64,
    /// What was read last.
    last: Option<Mark>,
    /// What was read last before the queue was read from its start, until it is known whether it is the same one.
    sought: Option<Mark>,
}

/// A message, to be recognised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    number: u64,
    content: u64,
    /// When it was last seen in its place.
    seen_at: Instant,
}

/// What a message tells of its queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It is the next one.
    Next,
    /// It comes after some that are missing.
    Gap { expected: u64 },
    /// The queue is another one.
    NewQueue,
}

impl Queue {
    /// The number of the next message.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Reads the queue from its start. Gives back whether a search begins by that: none does if nothing was read
    /// before, and one that is going on goes on.
    pub(crate) fn start_over(&mut self) -> bool {
        self.next = 0;
        let last = self.last.take();
        let begins = self.sought.is_none() && last.is_some();
        self.sought = self.sought.or(last);
        begins
    }

    /// A message of the queue was read.
    pub(crate) fn advance(&mut self, read: Mark) -> Reading {
        let expected = std::mem::replace(&mut self.next, read.number.saturating_add(1));
        self.last = Some(read);
        if let Some(sought) = self.sought.take_if(|sought| read.number >= sought.number)
            && read.number == sought.number
            && read.content != sought.content
        {
            return Reading::NewQueue;
        }
        if expected > 0 && read.number > expected {
            return Reading::Gap { expected };
        }
        Reading::Next
    }

    /// The number of the message that was read last, if it was not seen for that long.
    pub(crate) fn unseen(&self, since: Duration, now: Instant) -> Option<u64> {
        let last = self.last.filter(|_| self.sought.is_none())?;
        (now.saturating_duration_since(last.seen_at) > since).then_some(last.number)
    }

    /// This message was seen where the last one was read. Gives back whether it is that one.
    pub(crate) fn recognise(&mut self, seen: Mark) -> bool {
        let known = self.last.as_mut();
        let known = known.filter(|last| (last.number, last.content) == (seen.number, seen.content));
        known.map(|last| last.seen_at = seen.seen_at).is_some()
    }

    /// The end of the queue was reached. Gives back whether it is another queue than before: one without the message
    /// that is sought. A node that lags behind may not have got that far either, so the verdict needs a message that was
    /// seen more than `lag` ago.
    pub(crate) fn is_new_at_end(&mut self, lag: Duration, now: Instant) -> bool {
        let Some(sought) = self.sought else {
            return false;
        };
        if now.saturating_duration_since(sought.seen_at) <= lag {
            self.start_over();
            return false;
        }
        self.sought = None;
        true
    }
}

impl Mark {
    pub(crate) fn new(number: u64, content: &[u8], seen_at: Instant) -> Self {
        Self {
            number,
            content: digest(content),
            seen_at,
        }
    }
}

/// Canisters that make two messages look alike fool only themselves.
fn digest(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(5);

    fn read(queue: &mut Queue, number: u64, content: &[u8], now: Instant) -> Reading {
        queue.advance(Mark::new(number, content, now))
    }

    /// A queue of which messages 0 to 9 were read, and when.
    fn read_queue() -> (Queue, Instant) {
        let now = Instant::now();
        let mut queue = Queue::default();
        for number in 0..10 {
            let reading = read(&mut queue, number, &number.to_be_bytes(), now);
            assert_eq!(reading, Reading::Next);
        }
        assert!(!queue.is_new_at_end(LAG, now));
        (queue, now)
    }

    #[test]
    fn it_goes_on_where_it_was() {
        let (mut queue, now) = read_queue();
        assert_eq!(queue.next(), 10);
        assert_eq!(
            read(&mut queue, 12, b"", now),
            Reading::Gap { expected: 10 }
        );
        assert_eq!(queue.next(), 13);
    }

    #[test]
    fn the_first_message_may_have_any_number() {
        let now = Instant::now();
        let mut queue = Queue::default();
        assert!(!queue.start_over());
        assert_eq!(read(&mut queue, 7, b"", now), Reading::Next);
    }

    #[test]
    fn the_same_queue_is_recognised() {
        let (mut queue, now) = read_queue();
        assert!(queue.start_over());
        for number in 4..10_u64 {
            let reading = read(&mut queue, number, &number.to_be_bytes(), now);
            assert_eq!(reading, Reading::Next);
        }
        assert!(!queue.is_new_at_end(LAG, now + 2 * LAG));
        assert_eq!(queue.next(), 10);
    }

    #[test]
    fn a_queue_with_something_else_in_that_place_is_new() {
        let (mut queue, now) = read_queue();
        queue.start_over();
        for number in 0..9 {
            assert_eq!(read(&mut queue, number, b"new", now), Reading::Next);
        }
        assert_eq!(read(&mut queue, 9, b"new", now), Reading::NewQueue);
        assert_eq!(read(&mut queue, 10, b"new", now), Reading::Next);
        assert!(!queue.is_new_at_end(LAG, now + 2 * LAG));
    }

    #[test]
    fn a_queue_that_ends_before_that_place_is_new_unless_a_node_lags() {
        let (mut queue, now) = read_queue();
        queue.start_over();
        assert_eq!(read(&mut queue, 0, b"new", now), Reading::Next);
        assert!(!queue.is_new_at_end(LAG, now));
        // Read once more, as it is not known yet.
        assert_eq!(queue.next(), 0);
        assert_eq!(read(&mut queue, 0, b"new", now), Reading::Next);
        assert!(queue.is_new_at_end(LAG, now + 2 * LAG));
        assert_eq!(queue.next(), 1);
        assert!(!queue.is_new_at_end(LAG, now + 2 * LAG));
    }

    #[test]
    fn a_queue_of_later_messages_is_the_same() {
        let (mut queue, now) = read_queue();
        queue.start_over();
        assert_eq!(read(&mut queue, 10, b"", now), Reading::Next);
        assert!(!queue.is_new_at_end(LAG, now + 2 * LAG));
    }

    #[test]
    fn an_empty_queue_is_new_unless_a_node_lags() {
        let (mut queue, now) = read_queue();
        queue.start_over();
        assert!(!queue.is_new_at_end(LAG, now));
        assert!(queue.is_new_at_end(LAG, now + 2 * LAG));
        assert_eq!(read(&mut queue, 0, b"new", now), Reading::Next);
        assert!(!queue.is_new_at_end(LAG, now + 2 * LAG));
    }

    #[test]
    fn what_was_read_last_is_looked_for_from_time_to_time() {
        let (mut queue, start) = read_queue();
        let later = start + 2 * LAG;
        assert_eq!(queue.unseen(LAG, start), None);
        assert_eq!(queue.unseen(LAG, later), Some(9));
        assert!(!queue.recognise(Mark::new(9, b"new", later)));
        assert!(!queue.recognise(Mark::new(8, &9_u64.to_be_bytes(), later)));
        assert!(queue.recognise(Mark::new(9, &9_u64.to_be_bytes(), later)));
        assert_eq!(queue.unseen(LAG, later), None);
        assert_eq!(queue.unseen(LAG, later + 2 * LAG), Some(9));
        // It is looked for already.
        queue.start_over();
        assert_eq!(queue.unseen(LAG, later + 2 * LAG), None);
    }

    #[test]
    fn a_search_is_not_forgotten_over_another_one() {
        let (mut queue, now) = read_queue();
        queue.start_over();
        read(&mut queue, 0, b"new", now);
        assert!(!queue.start_over());
        read(&mut queue, 0, b"new", now);
        assert!(queue.is_new_at_end(LAG, now + 2 * LAG));
    }
}
