//! What this person has asked the canister for and is not settled: it is sent until it is, over reconnections and reloads.

use std::collections::VecDeque;

use candid::CandidType;
use chat_api::{Address, Command, CommandId, MAX_IN_FLIGHT, MessageNumber, Request, RoomId};
use serde::Deserialize;

/// How many failed messages stay to be sent again; then the oldest is gone. All that may be on their way can fail.
const MAX_FAILED: usize = MAX_IN_FLIGHT;

/// Why a message has failed, if no more is known.
const REFUSED: &str = "It was refused.";

/// The commands of this person that are not settled, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    pending: VecDeque<Pending>,
}

/// A command that is not settled.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is sent.
    pub request: Request,
    /// How far it has come.
    pub state: State,
    /// When it was given, in milliseconds since 1970.
    pub at: u64,
}

/// How far a command has come.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is on its way, or waits for a connection.
    Sending,
    /// The canister has it.
    Accepted,
    /// The canister has refused it, for this reason.
    Failed(String),
}

impl Outbox {
    /// What is not settled, in the order in which it was given.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.pending.iter()
    }

    /// The messages to any of these addresses that are not settled, oldest first.
    pub fn said_to(&self, addresses: &[Address]) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| {
            matches!(&pending.request.command, Command::Say { to, .. } if addresses.contains(to))
        })
    }

    /// Whether something new is taken.
    pub fn has_room(&self) -> bool {
        self.unsettled().count() < MAX_IN_FLIGHT
    }

    /// What may be on its way: no more at once than the canister takes.
    pub fn due(&self) -> impl Iterator<Item = &Pending> {
        self.unsettled().take(MAX_IN_FLIGHT)
    }

    /// What the canister has not decided.
    pub fn unsettled(&self) -> impl Iterator<Item = &Pending> {
        self.pending
            .iter()
            .filter(|pending| !matches!(pending.state, State::Failed(_)))
    }

    /// Whether the canister is being told that a room was read so far.
    pub fn has_read(&self, room: RoomId, number: MessageNumber) -> bool {
        self.pending.iter().any(|pending| {
            matches!(pending.request.command, Command::Read { room: of, up_to } if of == room && up_to >= number)
        })
    }

    /// Takes a command.
    pub fn push(&mut self, request: Request, at: u64) {
        self.pending.push_back(Pending {
            request,
            state: State::Sending,
            at,
        });
    }

    /// Takes what an earlier page has left: before anything of its own.
    pub fn adopt(&mut self, left: Vec<Pending>) {
        for pending in left.into_iter().rev() {
            if self.get(pending.request.id).is_none() {
                self.pending.push_front(pending);
            }
        }
    }

    /// One of them.
    pub fn get(&self, id: CommandId) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.request.id == id)
    }

    /// The canister has received it.
    pub fn accepted(&mut self, id: CommandId) {
        if let Some(pending) = self.find(id)
            && pending.state == State::Sending
        {
            pending.state = State::Accepted;
        }
    }

    /// It is carried out, or not wanted any more.
    pub fn settle(&mut self, id: CommandId) -> Option<Pending> {
        let at = self
            .pending
            .iter()
            .position(|pending| pending.request.id == id)?;
        self.pending.remove(at)
    }

    /// Of a device, all commands up to a number are settled, and these were refused.
    pub fn settled_up_to(&mut self, device: u64, number: u64, refused: &[u64]) {
        let ids = self.unsettled().map(|pending| pending.request.id);
        let settled: Vec<_> = ids
            .filter(|id| id.device == device && id.number <= number)
            .collect();
        for id in settled {
            match refused.contains(&id.number) {
                true => self.fail(id, REFUSED),
                false => self.settle(id).is_some(),
            };
        }
    }

    /// It was not carried out. Messages stay, to be sent again; gives back whether it was one.
    pub fn fail(&mut self, id: CommandId, reason: &str) -> bool {
        let Some(pending) = self.find(id) else {
            return false;
        };
        if !matches!(pending.request.command, Command::Say { .. }) {
            self.settle(id);
            return false;
        }
        pending.state = State::Failed(reason.to_owned());
        let failed = |pending: &Pending| matches!(pending.state, State::Failed(_));
        if self.pending.iter().filter(|one| failed(one)).count() > MAX_FAILED
            && let Some(oldest) = self.pending.iter().position(failed)
        {
            self.pending.remove(oldest);
        }
        true
    }

    fn find(&mut self, id: CommandId) -> Option<&mut Pending> {
        self.pending
            .iter_mut()
            .find(|pending| pending.request.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> CommandId {
        CommandId { device: 7, number }
    }

    fn say(number: u64) -> Request {
        Request {
            id: id(number),
            command: Command::Say {
                to: Address::Room(0),
                text: number.to_string(),
                reply_to: None,
                mentions: Vec::new(),
            },
        }
    }

    fn outbox(numbers: impl IntoIterator<Item = u64>) -> Outbox {
        let mut outbox = Outbox::default();
        for number in numbers {
            outbox.push(say(number), 0);
        }
        outbox
    }

    fn numbers(outbox: &Outbox) -> Vec<u64> {
        outbox.iter().map(|one| one.request.id.number).collect()
    }

    #[test]
    fn a_refused_message_stays_and_any_other_command_does_not() {
        let mut outbox = outbox([1]);
        let read = Command::Read { room: 0, up_to: 1 };
        outbox.push(
            Request {
                id: id(2),
                command: read,
            },
            0,
        );
        assert!(outbox.fail(id(1), "too fast"));
        assert!(!outbox.fail(id(2), "too fast"));
        assert_eq!(numbers(&outbox), [1]);
        assert_eq!(outbox.unsettled().count(), 0);
    }

    #[test]
    fn what_is_settled_is_gone_and_what_failed_stays() {
        let mut outbox = outbox([1, 2, 3]);
        outbox.fail(id(1), "too long");
        outbox.settled_up_to(7, 2, &[]);
        assert_eq!(numbers(&outbox), [1, 3]);
        outbox.settled_up_to(8, 3, &[]);
        assert_eq!(numbers(&outbox), [1, 3]);
    }

    #[test]
    fn of_what_is_settled_the_refused_has_failed() {
        let mut outbox = outbox([1, 2, 3]);
        outbox.settled_up_to(7, 3, &[2]);
        assert_eq!(numbers(&outbox), [2]);
        assert_eq!(outbox.unsettled().count(), 0);
    }

    #[test]
    fn what_was_left_comes_first_and_once() {
        let left: Vec<_> = outbox([1, 2]).iter().cloned().collect();
        let mut outbox = outbox([2, 3]);
        outbox.adopt(left);
        assert_eq!(numbers(&outbox), [1, 2, 3]);
    }

    #[test]
    fn a_room_is_read_so_far_until_that_is_refused() {
        let mut outbox = Outbox::default();
        let command = Command::Read { room: 3, up_to: 9 };
        outbox.push(Request { id: id(1), command }, 0);
        assert!(outbox.has_read(3, 8) && outbox.has_read(3, 9));
        assert!(!outbox.has_read(3, 10) && !outbox.has_read(4, 8));
        outbox.fail(id(1), "too fast");
        assert!(!outbox.has_read(3, 8));
    }

    #[test]
    fn it_has_an_end() {
        let mut outbox = outbox(0..MAX_IN_FLIGHT as u64);
        assert!(!outbox.has_room());
        let left = Pending {
            request: say(1_000),
            state: State::Sending,
            at: 0,
        };
        outbox.adopt(vec![left]);
        assert_eq!(outbox.due().count(), MAX_IN_FLIGHT);
    }

    #[test]
    fn few_failed_messages_are_kept() {
        let mut outbox = outbox(0..300);
        for number in 0..300 {
            outbox.fail(id(number), "no");
        }
        assert_eq!(outbox.iter().count(), MAX_FAILED);
    }
}
