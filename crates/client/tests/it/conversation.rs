//! Whatever becomes of calls, frames, sockets and the device's clock: every message is delivered, in order, none is
//! acknowledged that was not, and the conversation is never stuck. What cannot be delivered is reported.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use candid::Decode;
use ic_transport_types::EnvelopeContent;
use ic_ws_client::{
    CloseFrame, CloseReason, SocketError,
    core::{Conversation, ConversationEvent},
};
use ic_ws_protocol::{CanisterWsMessageArguments, ClientKey, CloseMessageReason};
use proptest::{collection::vec, prelude::*};

use crate::model::{Peer, SECOND, START, cases, client_id, persistent_config};

const DAY: i64 = 24 * 3600 * SECOND as i64;

#[derive(Debug, Clone)]
enum Action {
    ApplicationSends,
    ApplicationSendsBad(Bad),
    CallArrives,
    CallIsLost,
    CallsAreSwapped,
    FrameArrives,
    FrameIsLost,
    FrameIsRepeated,
    FrameIsAltered,
    CanisterSends,
    CanisterAcknowledges,
    SocketBreaks,
    TimePasses(u64),
    /// How far it is ahead of the network's from now on.
    ClockIsSet(i64),
}

/// What becomes of a message that cannot be delivered.
#[derive(Debug, Clone, Copy)]
enum Bad {
    /// The canister refuses it.
    Refused,
    /// The network refuses it before the canister sees it.
    Rejected,
    /// The gateway closes the socket.
    Closes,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => Just(Action::ApplicationSends),
        1 => prop_oneof![Just(Bad::Refused), Just(Bad::Rejected), Just(Bad::Closes)]
            .prop_map(Action::ApplicationSendsBad),
        6 => Just(Action::CallArrives),
        1 => Just(Action::CallIsLost),
        1 => Just(Action::CallsAreSwapped),
        8 => Just(Action::FrameArrives),
        1 => Just(Action::FrameIsLost),
        1 => Just(Action::FrameIsRepeated),
        1 => Just(Action::FrameIsAltered),
        2 => Just(Action::CanisterSends),
        1 => Just(Action::CanisterAcknowledges),
        1 => Just(Action::SocketBreaks),
        4 => (0..40u64).prop_map(|seconds| Action::TimePasses(seconds * SECOND)),
        1 => prop_oneof![Just(0), Just(DAY), Just(-DAY), -60 * SECOND as i64..0]
            .prop_map(Action::ClockIsSet),
    ]
}

/// One connection: what is under way, and what the canister knows.
struct Link {
    peer: Peer,
    has_receipts: bool,
    calls: VecDeque<EnvelopeContent>,
    frames: VecDeque<Vec<u8>>,
    is_open: bool,
    received: u64,
    /// Those that wait for one before them.
    early: BTreeMap<u64, Option<u64>>,
}

struct World {
    conversation: Conversation,
    /// The network's time.
    now: u64,
    /// How far the device's clock is ahead.
    device_ahead: i64,
    /// When to connect again.
    retry_at: u64,
    link: Option<Link>,
    links: u64,
    /// What the application sent and the conversation has not taken yet.
    waiting: VecDeque<u64>,
    sent: u64,
    bad: BTreeMap<u64, Bad>,
    /// Up to which message the application knows what has become of them.
    settled: u64,
    refused: BTreeSet<u64>,
    delivered: BTreeSet<u64>,
}

impl World {
    fn new() -> Self {
        Self {
            conversation: Conversation::new(persistent_config(), client_id(), 7, START),
            now: START,
            device_ahead: 0,
            retry_at: START,
            link: None,
            links: 0,
            waiting: VecDeque::new(),
            sent: 0,
            bad: BTreeMap::new(),
            settled: 0,
            refused: BTreeSet::new(),
            delivered: BTreeSet::new(),
        }
    }

    fn device_now(&self) -> u64 {
        self.now.saturating_add_signed(self.device_ahead)
    }

    fn act(&mut self, action: &Action) {
        let now = self.now;
        match (action, &mut self.link) {
            (Action::ApplicationSends, _) => {
                self.sent += 1;
                self.waiting.push_back(self.sent);
            }
            (Action::ApplicationSendsBad(bad), _) => {
                self.sent += 1;
                self.waiting.push_back(self.sent);
                self.bad.insert(self.sent, *bad);
            }
            (Action::TimePasses(time), _) => {
                self.now += time;
                let outcome = self.conversation.handle_timeout(self.device_now());
                self.lose_for(outcome);
            }
            (Action::ClockIsSet(ahead), _) => self.device_ahead = *ahead,
            (_, None) => {}
            (Action::CallArrives, Some(link)) => {
                if let Some(call) = link.calls.pop_front() {
                    self.execute(call);
                }
            }
            (Action::CallIsLost, Some(link)) => drop(link.calls.pop_front()),
            (Action::CallsAreSwapped, Some(link)) => {
                if link.calls.len() > 1 {
                    link.calls.swap(0, 1);
                }
            }
            (Action::FrameArrives, Some(link)) => {
                if let Some(frame) = link.frames.pop_front() {
                    self.arrive(&frame);
                }
            }
            (Action::FrameIsLost, Some(link)) => drop(link.frames.pop_front()),
            (Action::FrameIsRepeated, Some(link)) => {
                if let Some(frame) = link.frames.front().cloned() {
                    link.frames.push_front(frame);
                }
            }
            (Action::FrameIsAltered, Some(link)) => {
                if let Some(last) = link.frames.front_mut().and_then(|frame| frame.last_mut()) {
                    *last ^= 1;
                }
            }
            (Action::CanisterSends, Some(link)) => {
                if link.is_open {
                    link.frames.push_back(link.peer.text("hello", now));
                }
            }
            (Action::CanisterAcknowledges, Some(link)) => {
                if link.is_open {
                    link.frames.push_back(link.peer.ack(link.received, now));
                }
            }
            (Action::SocketBreaks, Some(_)) => {
                let broken = SocketError::Broken("cable cut".into());
                self.lose_for(Err(broken.into()));
            }
        }
        self.go_on();
    }

    /// What a driver does by itself.
    fn go_on(&mut self) {
        let device_now = self.device_now();
        if self.link.is_none() && self.retry_at <= self.now {
            self.conversation.connecting(device_now);
            self.links += 1;
            let has_receipts = self.links.is_multiple_of(2);
            self.conversation
                .connected(self.links, has_receipts, device_now);
            let peer = Peer::new(ClientKey {
                client_principal: client_id(),
                client_nonce: self.links,
            });
            let handshake = peer.handshake();
            self.link = Some(Link {
                peer,
                has_receipts,
                calls: VecDeque::new(),
                frames: VecDeque::from([handshake]),
                is_open: false,
                received: 0,
                early: BTreeMap::new(),
            });
        }
        while let Some(call) = self.next_call() {
            self.link.as_mut().unwrap().calls.push_back(call);
        }
        while let Some(event) = self.conversation.poll_event() {
            match event {
                ConversationEvent::Acknowledged { up_to } => {
                    let newly = self.settled + 1..=up_to;
                    assert!(newly.into_iter().all(|n| self.delivered.contains(&n)));
                    self.settled = up_to;
                }
                ConversationEvent::Refused { number, .. } => {
                    assert_eq!(number, self.settled + 1);
                    self.refused.insert(number);
                    self.settled = number;
                }
                _ => {}
            }
        }
    }

    fn next_call(&mut self) -> Option<EnvelopeContent> {
        if let Some(call) = self.conversation.poll_call(self.device_now()).unwrap() {
            return Some(call);
        }
        if !self.conversation.can_send() {
            return None;
        }
        let content = self.waiting.pop_front()?.to_be_bytes().to_vec();
        let device_now = self.device_now();
        self.conversation.send(content, device_now).unwrap()
    }

    /// The network takes a call.
    fn execute(&mut self, call: EnvelopeContent) {
        let EnvelopeContent::Call {
            method_name,
            arg,
            ingress_expiry,
            ..
        } = &call
        else {
            panic!("not a call: {call:?}");
        };
        if !(self.now..=self.now + 300 * SECOND).contains(ingress_expiry) {
            return self.reject(&call);
        }
        let link = self.link.as_mut().unwrap();
        if method_name == "ws_open" {
            link.is_open = true;
            link.frames.push_back(link.peer.open(self.now));
            return self.give_receipt(&call, &Ok(()));
        }
        let (arguments, _) = Decode!(arg, CanisterWsMessageArguments, Option<u64>).unwrap();
        let message = arguments.msg;
        let content = (!message.is_service_message)
            .then(|| u64::from_be_bytes(message.content.try_into().unwrap()));
        match content.and_then(|number| self.bad.get(&number)) {
            Some(Bad::Refused) => self.give_receipt(&call, &Err("too long".into())),
            Some(Bad::Rejected) => self.reject(&call),
            Some(Bad::Closes) => {
                let frame = CloseFrame::new(1009, "too large");
                self.lose_for(Err(CloseReason::ClosedByGateway(frame)));
            }
            None => {
                self.receive(message.sequence_num, content);
                self.give_receipt(&call, &Ok(()));
            }
        }
    }

    /// The canister receives a message; a number if it is the application's.
    fn receive(&mut self, sequence_num: u64, content: Option<u64>) {
        let link = self.link.as_mut().unwrap();
        if sequence_num > link.received {
            link.early.insert(sequence_num, content);
        }
        while let Some(content) = link.early.remove(&(link.received + 1)) {
            link.received += 1;
            self.delivered.extend(content);
        }
    }

    fn give_receipt(&mut self, call: &EnvelopeContent, reply: &Result<(), String>) {
        let link = self.link.as_mut().unwrap();
        if link.has_receipts {
            let receipt = link.peer.receipt(call, reply, self.now);
            link.frames.push_back(receipt);
        }
    }

    fn reject(&mut self, call: &EnvelopeContent) {
        let link = self.link.as_mut().unwrap();
        if link.has_receipts {
            link.frames.push_back(link.peer.rejection(call, "no"));
        }
    }

    fn arrive(&mut self, frame: &[u8]) {
        let device_now = self.device_now();
        let outcome = self.conversation.handle_frame(frame, device_now);
        self.lose_for(outcome);
    }

    fn lose_for(&mut self, outcome: Result<(), CloseReason>) {
        if let Err(reason) = outcome {
            let device_now = self.device_now();
            self.conversation.disconnected(reason, device_now);
            self.link = None;
            let attempt = self.conversation.next_attempt().unwrap();
            self.retry_at = self.now + attempt.at.saturating_sub(device_now);
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert!(self.conversation.next_attempt().is_ok());
        prop_assert!(self.conversation.next_deadline().is_some());
        // In order: what is missing before the last one is reported.
        let last = self.delivered.last().copied().unwrap_or_default();
        prop_assert!((1..last).all(|n| self.delivered.contains(&n) || self.refused.contains(&n)));
        Ok(())
    }

    /// From now on, everybody is honest, nothing breaks, and the clock is right.
    fn calm_down(&mut self) -> Result<(), TestCaseError> {
        self.act(&Action::ClockIsSet(0));
        for _ in 0..50 + 50 * self.bad.len() {
            if self.settled == self.sent {
                return Ok(());
            }
            self.now = self.now.max(self.retry_at);
            self.go_on();
            while let Some(link) = &self.link
                && !(link.calls.is_empty() && link.frames.is_empty())
            {
                self.act(&Action::CallArrives);
                self.act(&Action::FrameArrives);
                self.check()?;
            }
            let now = self.now;
            match &mut self.link {
                // What is missing does not come any more: the canister closes.
                Some(link) if !link.early.is_empty() => {
                    let close = link
                        .peer
                        .close(CloseMessageReason::WrongSequenceNumber, now);
                    link.frames.push_back(close);
                }
                Some(link) if link.is_open => self.act(&Action::CanisterAcknowledges),
                _ => self.act(&Action::TimePasses(60 * SECOND)),
            }
        }
        prop_assert!(false, "{} of {} settled", self.settled, self.sent);
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_message_is_delivered_whatever_happens(actions in vec(action(), 0..80)) {
        let mut world = World::new();
        world.go_on();
        for action in &actions {
            world.act(action);
            world.check()?;
        }
        world.calm_down()?;
        let undelivered = (1..=world.sent).filter(|n| !world.delivered.contains(n));
        prop_assert!(undelivered.eq(world.bad.keys().copied()));
    }
}
