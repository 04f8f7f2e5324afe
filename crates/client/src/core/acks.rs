//! Which messages the canister has yet to acknowledge, and until when.
//!
//! Acknowledgements come in the canister's own time, for all messages up to a number. A certified receipt may tell much
//! sooner that one message has come; but the canister may hold that one back until those before it have come, too, and
//! forget it when they do not. So receipts count like acknowledgements: as far as there is no gap. They put off no
//! deadline, because a gateway that gives receipts may still be withholding whatever else the canister sends.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use ic_transport_types::RequestId;

use super::after;
use crate::close_reason::{CallKind, CloseReason};

#[derive(Debug)]
pub(super) struct PendingAcks {
    timeout: Duration,
    last_sent: u64,
    /// The messages up to `last_sent`, oldest first.
    pending: VecDeque<Pending>,
    /// How many of `pending`, from the front, are known from receipts to have come.
    received: usize,
    /// How many of the application's messages are known to have come, of all there were.
    messages_received: usize,
    greeting_received: bool,
    /// The numbers of those in `pending` whose receipts are awaited.
    receipts_due: HashMap<RequestId, u64>,
}

#[derive(Debug)]
struct Pending {
    call: CallKind,
    deadline: u64,
    request_id: Option<RequestId>,
    receipt: Option<Result<(), CloseReason>>,
}

impl PendingAcks {
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            last_sent: 0,
            pending: VecDeque::new(),
            received: 0,
            messages_received: 0,
            greeting_received: false,
            receipts_due: HashMap::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.pending.len()
    }

    pub fn last_sent(&self) -> u64 {
        self.last_sent
    }

    pub fn messages_received(&self) -> usize {
        self.messages_received
    }

    pub fn greeting_received(&self) -> bool {
        self.greeting_received
    }

    pub fn next_deadline(&self) -> Option<u64> {
        self.pending.front().map(|pending| pending.deadline)
    }

    /// Gives out the next sequence number, for a message sent at `now`.
    pub fn next_message(&mut self, call: CallKind, now: u64) -> u64 {
        self.pending.push_back(Pending {
            call,
            deadline: after(now, self.timeout),
            request_id: None,
            receipt: None,
        });
        self.last_sent += 1;
        self.last_sent
    }

    /// There will be a receipt for the last message under this id.
    pub fn await_receipt(&mut self, request_id: RequestId) {
        if let Some(pending) = self.pending.back_mut() {
            pending.request_id = Some(request_id);
            self.receipts_due.insert(request_id, self.last_sent);
        }
    }

    pub fn acknowledge(&mut self, up_to: u64) -> Result<(), CloseReason> {
        let left = self
            .last_sent
            .checked_sub(up_to)
            .ok_or(CloseReason::UnsentAcknowledged {
                acknowledged: up_to,
                sent: self.last_sent,
            })?;
        while self.pending.len() as u64 > left {
            let Some(acknowledged) = self.pending.pop_front() else {
                break;
            };
            match self.received.checked_sub(1) {
                Some(received) => self.received = received,
                None => self.count(acknowledged.call),
            }
            if let Some(request_id) = acknowledged.request_id {
                self.receipts_due.remove(&request_id);
            }
        }
        self.skip_received();
        self.refusal()
    }

    /// What was sent under `request_id`, if its receipt is still awaited.
    pub fn awaiting_receipt(&self, request_id: &RequestId) -> Option<CallKind> {
        let sequence_num = *self.receipts_due.get(request_id)?;
        Some(self.pending.get(self.position(sequence_num)?)?.call)
    }

    /// Takes a receipt: the canister has received the message, or it was refused, which is a reason to close. A refusal
    /// counts when everything before the message has come: it may be but the consequence of another one.
    pub fn receipt(
        &mut self,
        request_id: &RequestId,
        outcome: Result<(), CloseReason>,
    ) -> Result<(), CloseReason> {
        let sequence_num = self.receipts_due.remove(request_id);
        let position = sequence_num.and_then(|sequence_num| self.position(sequence_num));
        if let Some(pending) = position.and_then(|position| self.pending.get_mut(position)) {
            pending.receipt = Some(outcome);
        }
        self.skip_received();
        self.refusal()
    }

    pub fn check(&self, now: u64) -> Result<(), CloseReason> {
        match self.next_deadline() {
            Some(deadline) if deadline <= now => Err(CloseReason::AckTimeout {
                sequence_num: self.last_sent - self.pending.len() as u64 + 1,
                timeout: self.timeout,
            }),
            _ => Ok(()),
        }
    }

    fn position(&self, sequence_num: u64) -> Option<usize> {
        let from_the_end = usize::try_from(self.last_sent.checked_sub(sequence_num)?).ok()?;
        self.pending.len().checked_sub(from_the_end + 1)
    }

    fn skip_received(&mut self) {
        while let Some(Pending {
            call,
            receipt: Some(Ok(())),
            ..
        }) = self.pending.get(self.received)
        {
            let call = *call;
            self.received += 1;
            self.count(call);
        }
    }

    fn refusal(&self) -> Result<(), CloseReason> {
        match self.pending.get(self.received) {
            Some(Pending {
                receipt: Some(refusal),
                ..
            }) => refusal.clone(),
            _ => Ok(()),
        }
    }

    fn count(&mut self, call: CallKind) {
        match call {
            CallKind::Message => self.messages_received += 1,
            CallKind::Greeting => self.greeting_received = true,
            CallKind::Open | CallKind::KeepAlive => {}
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
            acks.next_message(CallKind::Message, time);
        }
        acks
    }

    fn id(n: u8) -> RequestId {
        RequestId::new(&[n; 32])
    }

    /// Messages whose receipts are awaited under the ids 1, 2, ….
    fn awaiting_receipts(calls: &[CallKind]) -> PendingAcks {
        let mut acks = PendingAcks::new(TIMEOUT);
        for (n, call) in calls.iter().enumerate() {
            acks.next_message(*call, 0);
            acks.await_receipt(id(n as u8 + 1));
        }
        acks
    }

    fn refused(reason: &str) -> Result<(), CloseReason> {
        Err(CloseReason::Refused {
            call: CallKind::Message,
            reason: reason.into(),
        })
    }

    #[test]
    fn numbers_start_at_one() {
        let mut acks = PendingAcks::new(TIMEOUT);
        let numbers = [(); 2].map(|()| acks.next_message(CallKind::Message, 0));
        assert_eq!(numbers, [1, 2]);
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
        assert_eq!(acks.messages_received(), 2);
    }

    #[test]
    fn refuses_to_be_acknowledged_what_was_not_sent() {
        let unsent = CloseReason::UnsentAcknowledged {
            acknowledged: 3,
            sent: 2,
        };
        assert_eq!(sent_at(&[1, 2]).acknowledge(3), Err(unsent));
    }

    #[test]
    fn receipts_count_as_far_as_there_is_no_gap() {
        let mut acks = awaiting_receipts(&[CallKind::Message; 4]);
        acks.receipt(&id(3), Ok(())).unwrap();
        assert_eq!(acks.messages_received(), 0);
        acks.receipt(&id(1), Ok(())).unwrap();
        assert_eq!(acks.messages_received(), 1);
        acks.acknowledge(2).unwrap();
        assert_eq!(acks.messages_received(), 3);
        assert_eq!(acks.awaiting_receipt(&id(2)), None);
        acks.receipt(&id(2), Ok(())).unwrap();
        acks.receipt(&id(4), Ok(())).unwrap();
        assert_eq!(acks.messages_received(), 4);
        acks.acknowledge(4).unwrap();
        assert_eq!(acks.messages_received(), 4);
    }

    #[test]
    fn receipts_put_off_no_deadline() {
        let mut acks = awaiting_receipts(&[CallKind::Message]);
        acks.receipt(&id(1), Ok(())).unwrap();
        assert_eq!(acks.next_deadline(), Some(100));
    }

    #[test]
    fn only_the_applications_messages_are_counted() {
        use CallKind::{Greeting, KeepAlive, Message};
        let mut acks = awaiting_receipts(&[Greeting, Message, KeepAlive, Message]);
        for n in 1..=3 {
            acks.receipt(&id(n), Ok(())).unwrap();
        }
        assert_eq!(acks.messages_received(), 1);
        acks.acknowledge(4).unwrap();
        assert_eq!(acks.messages_received(), 2);
    }

    #[test]
    fn a_refusal_counts_once_everything_before_has_come() {
        let mut acks = awaiting_receipts(&[CallKind::Message; 3]);
        acks.receipt(&id(3), refused("not connected")).unwrap();
        acks.receipt(&id(1), Ok(())).unwrap();
        let too_long = refused("too long");
        assert_eq!(acks.receipt(&id(2), too_long.clone()), too_long);
        assert_eq!(acks.messages_received(), 1);
    }

    #[test]
    fn whether_it_is_a_receipt_or_an_acknowledgement_that_tells_so() {
        let mut acks = awaiting_receipts(&[CallKind::Message; 2]);
        let too_long = refused("too long");
        acks.receipt(&id(2), too_long.clone()).unwrap();
        assert_eq!(acks.acknowledge(1), too_long);
    }
}
