//! Whatever becomes of calls, frames and sockets: every message is delivered, in order, none is acknowledged that was
//! not, and the conversation is never stuck.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use candid::Decode;
use ic_transport_types::EnvelopeContent;
use ic_ws_client::{
    CloseReason, SocketError,
    core::{Conversation, ConversationEvent},
};
use ic_ws_protocol::{CanisterWsMessageArguments, ClientKey, CloseMessageReason};
use proptest::{collection::vec, prelude::*};

use crate::model::{Peer, SECOND, START, cases, client_id, persistent_config};

#[derive(Debug, Clone)]
enum Action {
    ApplicationSends,
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
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => Just(Action::ApplicationSends),
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
    now: u64,
    link: Option<Link>,
    links: u64,
    /// What the application sent and the conversation has not taken yet.
    waiting: VecDeque<u64>,
    sent: u64,
    acknowledged: u64,
    delivered: Vec<u64>,
}

impl World {
    fn new() -> Self {
        Self {
            conversation: Conversation::new(persistent_config(), client_id(), 7, START),
            now: START,
            link: None,
            links: 0,
            waiting: VecDeque::new(),
            sent: 0,
            acknowledged: 0,
            delivered: Vec::new(),
        }
    }

    fn act(&mut self, action: &Action) {
        let now = self.now;
        match (action, &mut self.link) {
            (Action::ApplicationSends, _) => {
                self.sent += 1;
                self.waiting.push_back(self.sent);
            }
            (Action::TimePasses(time), _) => {
                self.now += time;
                let outcome = self.conversation.handle_timeout(self.now);
                self.lose_for(outcome);
            }
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
        let attempt = self.conversation.next_attempt().unwrap();
        if self.link.is_none() && attempt.at <= self.now {
            self.conversation.connecting(self.now);
            self.links += 1;
            let has_receipts = self.links.is_multiple_of(2);
            self.conversation
                .connected(self.links, has_receipts, self.now);
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
            if let ConversationEvent::Acknowledged { up_to } = event {
                self.acknowledged = up_to;
            }
        }
    }

    fn next_call(&mut self) -> Option<EnvelopeContent> {
        if let Some(call) = self.conversation.poll_call(self.now).unwrap() {
            return Some(call);
        }
        if !self.conversation.can_send() {
            return None;
        }
        let content = self.waiting.pop_front()?.to_be_bytes().to_vec();
        self.conversation.send(content, self.now).unwrap()
    }

    /// The canister executes a call.
    fn execute(&mut self, call: EnvelopeContent) {
        let EnvelopeContent::Call {
            method_name, arg, ..
        } = &call
        else {
            panic!("not a call: {call:?}");
        };
        let link = self.link.as_mut().unwrap();
        if method_name == "ws_open" {
            link.is_open = true;
            link.frames.push_back(link.peer.open(self.now));
        } else {
            let message = Decode!(arg, CanisterWsMessageArguments, Option<u64>)
                .unwrap()
                .0
                .msg;
            let content = (!message.is_service_message)
                .then(|| u64::from_be_bytes(message.content.try_into().unwrap()));
            if message.sequence_num > link.received {
                link.early.insert(message.sequence_num, content);
            }
            while let Some(content) = link.early.remove(&(link.received + 1)) {
                link.received += 1;
                self.delivered.extend(content);
            }
        }
        if link.has_receipts {
            let receipt = link.peer.receipt(&call, &Ok(()), self.now);
            link.frames.push_back(receipt);
        }
    }

    fn arrive(&mut self, frame: &[u8]) {
        let outcome = self.conversation.handle_frame(frame, self.now);
        self.lose_for(outcome);
    }

    fn lose_for(&mut self, outcome: Result<(), CloseReason>) {
        if let Err(reason) = outcome {
            self.conversation.disconnected(reason, self.now);
            self.link = None;
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert!(self.conversation.next_attempt().is_ok());
        prop_assert!(self.conversation.next_deadline().is_some());
        let delivered: BTreeSet<u64> = self.delivered.iter().copied().collect();
        // Without gaps, and so in order.
        prop_assert!(delivered.iter().copied().eq(1..=delivered.len() as u64));
        prop_assert!(self.acknowledged <= delivered.len() as u64);
        Ok(())
    }

    /// From now on, everybody is honest and nothing breaks.
    fn calm_down(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..50 {
            if self.acknowledged == self.sent {
                return Ok(());
            }
            let deadline = self.conversation.next_attempt().unwrap().at;
            self.now = self.now.max(deadline);
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
        prop_assert!(false, "{} of {} acknowledged", self.acknowledged, self.sent);
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
        prop_assert!(world.delivered.iter().collect::<BTreeSet<_>>().len() as u64 == world.sent);
    }
}
