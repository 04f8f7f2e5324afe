//! Which messages the canister has yet to acknowledge, and until when.

use std::{collections::VecDeque, time::Duration};

use super::after;
use crate::close_reason::CloseReason;

#[derive(Debug)]
pub(super) struct PendingAcks {
    timeout: Duration,
    last_sent: u64,
    /// The deadlines of the messages up to `last_sent`, oldest first.
    deadlines: VecDeque<u64>,
}

impl PendingAcks {
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            last_sent: 0,
            deadlines: VecDeque::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.deadlines.len()
    }

    pub fn next_deadline(&self) -> Option<u64> {
        self.deadlines.front().copied()
    }

    /// Gives out the next sequence number, for a message sent at `now`.
    pub fn next_message(&mut self, now: u64) -> u64 {
        self.deadlines.push_back(after(now, self.timeout));
        self.last_sent += 1;
        self.last_sent
    }

    pub fn acknowledge(&mut self, up_to: u64) -> Result<(), CloseReason> {
        let pending = self
            .last_sent
            .checked_sub(up_to)
            .ok_or(CloseReason::UnsentAcknowledged {
                acknowledged: up_to,
                sent: self.last_sent,
            })?;
        while self.deadlines.len() as u64 > pending {
            self.deadlines.pop_front();
        }
        Ok(())
    }

    pub fn check(&self, now: u64) -> Result<(), CloseReason> {
        match self.next_deadline() {
            Some(deadline) if deadline <= now => Err(CloseReason::AckTimeout {
                sequence_num: self.last_sent - self.deadlines.len() as u64 + 1,
                timeout: self.timeout,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_nanos(100);

    fn sent_at(times: &[u64]) -> PendingAcks {
        let mut acks = PendingAcks::new(TIMEOUT);
        for &time in times {
            acks.next_message(time);
        }
        acks
    }

    #[test]
    fn numbers_start_at_one() {
        let mut acks = PendingAcks::new(TIMEOUT);
        assert_eq!([acks.next_message(0), acks.next_message(0)], [1, 2]);
    }

    #[test]
    fn the_oldest_unacknowledged_message_sets_the_deadline() {
        let mut acks = sent_at(&[1, 2, 3]);
        assert_eq!(acks.next_deadline(), Some(101));
        acks.acknowledge(2).unwrap();
        assert_eq!(acks.next_deadline(), Some(103));
        acks.acknowledge(3).unwrap();
        assert_eq!(acks.next_deadline(), None);
    }

    #[test]
    fn names_the_message_that_was_not_acknowledged() {
        let mut acks = sent_at(&[1, 2, 3]);
        acks.acknowledge(1).unwrap();
        assert_eq!(acks.check(101), Ok(()));
        let timeout = CloseReason::AckTimeout {
            sequence_num: 2,
            timeout: TIMEOUT,
        };
        assert_eq!(acks.check(102), Err(timeout));
    }

    #[test]
    fn an_old_acknowledgement_changes_nothing() {
        let mut acks = sent_at(&[1, 2, 3]);
        acks.acknowledge(2).unwrap();
        acks.acknowledge(0).unwrap();
        assert_eq!(acks.len(), 1);
    }

    #[test]
    fn refuses_to_be_acknowledged_what_was_not_sent() {
        let unsent = CloseReason::UnsentAcknowledged {
            acknowledged: 3,
            sent: 2,
        };
        assert_eq!(sent_at(&[1, 2]).acknowledge(3), Err(unsent));
    }
}
