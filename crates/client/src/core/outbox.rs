//! The application's messages that the canister is not known to have, in their order. They survive the connection that
//! they were sent on: what was sent in vain is sent again on the next one.

use std::collections::VecDeque;

use super::blame::Blame;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    messages: VecDeque<Message>,
    /// How many of `messages`, from the front, were sent on this connection.
    sent: usize,
    /// How many messages have left.
    settled: u64,
}

#[derive(Debug)]
struct Message {
    content: Vec<u8>,
    blame: Blame,
}

impl Outbox {
    /// Takes a message that is sent right away.
    pub fn push_sent(&mut self, content: Vec<u8>) {
        self.messages.push_back(Message {
            content,
            blame: Blame::default(),
        });
        self.sent = self.messages.len();
    }

    /// The next message to send once more, if any.
    pub fn resend(&mut self) -> Option<Vec<u8>> {
        let message = self.messages.get(self.sent)?;
        self.sent += 1;
        Some(message.content.clone())
    }

    /// Whether there are messages to send once more.
    pub fn must_resend(&self) -> bool {
        self.sent < self.messages.len()
    }

    /// The canister has received the first `count` of those that were sent. Gives back the number of the last one.
    pub fn settle(&mut self, count: usize) -> Option<u64> {
        let count = count.min(self.sent);
        self.messages.drain(..count);
        self.sent -= count;
        self.settled += count as u64;
        (count > 0).then_some(self.settled)
    }

    /// Holds the end of the connection against the first message, if it was sent. Gives back its number if that was once
    /// too often: then it is gone.
    pub fn blame_first(&mut self, blame: Blame) -> Option<u64> {
        let first = self.messages.front_mut().filter(|_| self.sent > 0)?;
        match first.blame.add(blame) {
            true => self.settle(1),
            false => None,
        }
    }

    /// The connection is gone, and with it whatever was sent in vain.
    pub fn rewind(&mut self) {
        self.sent = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(count: u8) -> Outbox {
        let mut outbox = Outbox::default();
        for n in 0..count {
            outbox.push_sent(vec![n]);
        }
        outbox
    }

    #[test]
    fn what_is_not_settled_is_sent_again_in_order() {
        let mut outbox = outbox(3);
        assert!(!outbox.must_resend());
        assert_eq!(outbox.settle(1), Some(1));
        outbox.rewind();
        assert!(outbox.must_resend());
        assert_eq!(outbox.resend(), Some(vec![1]));
        assert_eq!(outbox.settle(1), Some(2));
        assert_eq!(outbox.resend(), Some(vec![2]));
        assert_eq!(outbox.resend(), None);
        assert!(!outbox.must_resend());
    }

    #[test]
    fn only_what_was_sent_is_settled() {
        let mut outbox = outbox(3);
        outbox.rewind();
        assert_eq!(outbox.settle(1), None);
        outbox.resend();
        assert_eq!(outbox.settle(3), Some(1));
    }

    #[test]
    fn a_message_refused_again_is_gone() {
        let mut outbox = outbox(2);
        assert_eq!(outbox.blame_first(Blame::REFUSED), None);
        outbox.rewind();
        outbox.resend();
        assert_eq!(outbox.blame_first(Blame::REFUSED), Some(1));
        assert_eq!(outbox.blame_first(Blame::REFUSED), None);
        outbox.rewind();
        assert_eq!(outbox.resend(), Some(vec![1]));
    }

    #[test]
    fn a_message_suspected_ten_times_is_gone() {
        let mut outbox = outbox(1);
        for _ in 0..9 {
            assert_eq!(outbox.blame_first(Blame::SUSPECTED), None);
            outbox.rewind();
            // What was not sent is not to blame.
            assert_eq!(outbox.blame_first(Blame::SUSPECTED), None);
            outbox.resend();
        }
        assert_eq!(outbox.blame_first(Blame::SUSPECTED), Some(1));
    }
}
