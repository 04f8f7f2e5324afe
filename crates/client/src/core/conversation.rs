//! What the application sees: one connection after the other, and messages that outlive them.

use std::collections::VecDeque;

use candid::Principal;
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::ClientKey;

use super::{
    after,
    backoff::Backoff,
    blame::{Blame, blame},
    clock::Clock,
    conversation_event::ConversationEvent,
    gateways::Gateways,
    outbox::Outbox,
    session::{Session, SessionEvent},
    time::NetworkTime,
};
use crate::{
    close_reason::{CallKind, CloseReason},
    config::Config,
    connection::Status,
};

/// An attempt to connect that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The URL of the gateway.
    pub gateway: String,
    /// When to make it.
    pub at: u64,
}

/// The connections of a client to a canister, through one gateway after the other.
///
/// Whoever drives it makes each [`next_attempt`](Self::next_attempt) when it is time, says so
/// ([`connecting`](Self::connecting), then [`connected`](Self::connected)), and reports the end of each
/// ([`disconnected`](Self::disconnected)) with whatever reason the conversation gave, or the socket.
#[derive(Debug)]
pub struct Conversation {
    config: Config,
    principal: Principal,
    state: State,
    clock: Clock,
    /// The network's time, as it was measured for this attempt.
    time: NetworkTime,
    gateways: Gateways,
    backoff: Backoff,
    outbox: Outbox,
    greeting: Option<Greeting>,
    has_opened: bool,
    /// Since when there is no open connection.
    lost_at: u64,
    events: VecDeque<ConversationEvent>,
}

#[derive(Debug)]
enum State {
    Waiting { until: u64 },
    Connecting { deadline: u64 },
    Connected(Box<Connected>),
    Closed(CloseReason),
}

#[derive(Debug)]
struct Greeting {
    content: Vec<u8>,
    blame: Blame,
}

#[derive(Debug)]
struct Connected {
    session: Session,
    opened_at: Option<u64>,
    greeting_due: bool,
    greeting_sent: bool,
    /// How many messages of this connection have left the outbox.
    settled: usize,
}

impl Conversation {
    /// A conversation of the client `principal` that begins at `now`. `seed` is any number: clients with different ones
    /// do not reconnect all at once.
    pub fn new(config: Config, principal: Principal, seed: u64, now: u64) -> Self {
        let mut clock = Clock::default();
        let now = clock.steady(now);
        let state = match config.gateways.is_empty() {
            true => State::Closed(CloseReason::NoGateway),
            false => State::Waiting { until: now },
        };
        Self {
            principal,
            state,
            clock,
            time: NetworkTime::default(),
            gateways: Gateways::new(config.gateways.len()),
            backoff: Backoff::new(seed),
            outbox: Outbox::default(),
            greeting: None,
            has_opened: false,
            lost_at: now,
            events: VecDeque::new(),
            config,
        }
    }

    /// How the protocol stands on the present connection; nothing without one.
    pub fn status(&self) -> Option<Status> {
        match &self.state {
            State::Connected(connected) => Some(connected.session.status()),
            _ => None,
        }
    }

    /// The next attempt to connect: the one to be made, or the one under way.
    ///
    /// # Errors
    /// The reason why there is none: the conversation is over.
    pub fn next_attempt(&self) -> Result<Attempt, CloseReason> {
        let at = match &self.state {
            State::Waiting { until } => self.clock.device(*until),
            State::Connecting { .. } | State::Connected(_) => 0,
            State::Closed(reason) => return Err(reason.clone()),
        };
        let gateway = self.gateway().to_owned();
        Ok(Attempt { gateway, at })
    }

    /// The attempt is being made.
    pub fn connecting(&mut self, now: u64) {
        let now = self.clock.steady(now);
        if let State::Waiting { .. } = self.state {
            // The device's clock may have been set since the last attempt.
            self.time = NetworkTime::default();
            let deadline = after(now, self.config.open_timeout);
            self.state = State::Connecting { deadline };
        }
    }

    /// The network's time has been measured, for the attempt under way.
    pub fn set_network_time(&mut self, time: NetworkTime) {
        self.time = time;
    }

    /// The socket is open. `client_nonce` must be random; `has_receipts` if the gateway agreed to give receipts.
    pub fn connected(&mut self, client_nonce: u64, has_receipts: bool, now: u64) {
        let now = self.clock.steady(now);
        if let State::Connecting { .. } = self.state {
            let client_key = ClientKey {
                client_principal: self.principal,
                client_nonce,
            };
            let config = self.config.clone();
            let time = self.clock.network_time(self.time);
            self.state = State::Connected(Box::new(Connected {
                session: Session::new(config, client_key, has_receipts, time, now),
                opened_at: None,
                greeting_due: false,
                greeting_sent: false,
                settled: 0,
            }));
        }
    }

    /// Takes a frame from the gateway.
    ///
    /// # Errors
    /// The reason to close the connection.
    pub fn handle_frame(&mut self, frame: &[u8], now: u64) -> Result<(), CloseReason> {
        let now = self.clock.steady(now);
        let State::Connected(connected) = &mut self.state else {
            return Ok(());
        };
        let event = connected.session.handle_frame(frame, now);
        let received = connected.session.messages_received();
        let newly_received = received - connected.settled;
        connected.settled = received;
        if let Some(up_to) = self.outbox.settle(newly_received) {
            self.events
                .push_back(ConversationEvent::Acknowledged { up_to });
        }
        match event {
            None | Some(SessionEvent::Acknowledged { .. }) => {}
            Some(SessionEvent::Message(content)) => {
                self.events.push_back(ConversationEvent::Message(content));
            }
            Some(SessionEvent::Opened {
                client_key,
                gateway,
            }) => {
                connected.opened_at = Some(now);
                connected.greeting_due = self.greeting.is_some();
                let reopened = std::mem::replace(&mut self.has_opened, true);
                self.events.push_back(ConversationEvent::Opened {
                    client_key,
                    gateway,
                    reopened,
                });
            }
            Some(SessionEvent::Closed(reason)) => return Err(reason),
        }
        Ok(())
    }

    /// Takes note of the time. To be called at [`next_deadline`](Self::next_deadline) or later.
    ///
    /// # Errors
    /// The reason to close the connection.
    pub fn handle_timeout(&mut self, now: u64) -> Result<(), CloseReason> {
        let now = self.clock.steady(now);
        match &mut self.state {
            State::Connecting { deadline } if *deadline <= now => {
                Err(CloseReason::HandshakeTimeout(self.config.open_timeout))
            }
            State::Connected(connected) => match connected.session.handle_timeout(now) {
                Some(SessionEvent::Closed(reason)) => Err(reason),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// When the conversation next wants to know the time, if nothing else happens; never once it is over.
    pub fn next_deadline(&self) -> Option<u64> {
        let deadline = match &self.state {
            State::Waiting { until: deadline } | State::Connecting { deadline } => Some(*deadline),
            State::Connected(connected) => connected.session.next_deadline(),
            State::Closed(_) => None,
        };
        deadline.map(|deadline| self.clock.device(deadline))
    }

    /// The next call to make, before any new message is sent: those of the protocol, the greeting, and the messages that
    /// were sent in vain.
    ///
    /// # Errors
    /// None in practice.
    pub fn poll_call(&mut self, now: u64) -> Result<Option<EnvelopeContent>, CloseReason> {
        let now = self.clock.steady(now);
        let State::Connected(connected) = &mut self.state else {
            return Ok(None);
        };
        let session = &mut connected.session;
        if let Some(call) = session.poll_call(now)? {
            return Ok(Some(call));
        }
        if !session.can_send() {
            return Ok(None);
        }
        if let Some(greeting) = &self.greeting
            && connected.greeting_due
        {
            connected.greeting_due = false;
            connected.greeting_sent = true;
            return session.greet(greeting.content.clone(), now).map(Some);
        }
        match self.outbox.resend() {
            Some(content) => session.send(content, now).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a new message can be sent now: nothing comes before it.
    pub fn can_send(&self) -> bool {
        match &self.state {
            State::Connected(connected) => {
                connected.session.can_send()
                    && !connected.greeting_due
                    && !self.outbox.must_resend()
            }
            _ => false,
        }
    }

    /// The call that sends a new message, to be made only when [`can_send`](Self::can_send). From now on, the message is
    /// sent on every connection until the canister has received it. Nothing without a connection.
    ///
    /// # Errors
    /// None in practice.
    pub fn send(
        &mut self,
        content: Vec<u8>,
        now: u64,
    ) -> Result<Option<EnvelopeContent>, CloseReason> {
        let now = self.clock.steady(now);
        let State::Connected(connected) = &mut self.state else {
            return Ok(None);
        };
        self.outbox.push_sent(content.clone());
        connected.session.send(content, now).map(Some)
    }

    /// Makes `content` the first message on every connection from now on, the present one included.
    pub fn greet_with(&mut self, content: Vec<u8>) {
        self.greeting = Some(Greeting {
            content,
            blame: Blame::default(),
        });
        if let State::Connected(connected) = &mut self.state {
            connected.greeting_due = connected.session.is_open();
        }
    }

    /// The connection is over, or did not come about, or is not wanted any more.
    pub fn disconnected(&mut self, reason: CloseReason, now: u64) {
        let now = self.clock.steady(now);
        if let State::Closed(_) = self.state {
            return;
        }
        let mut was_stable = false;
        if let State::Connected(connected) = &self.state
            && let Some(opened_at) = connected.opened_at
        {
            self.lost_at = now;
            was_stable = after(opened_at, self.config.reconnect.stable_after) <= now;
        }
        if was_stable {
            self.backoff.reset();
        }
        let greeting_failed = self.blame(&reason, was_stable);
        self.outbox.rewind();
        if reason.is_final() || greeting_failed || self.gives_up(now) {
            self.state = State::Closed(reason);
        } else {
            self.reconnect(reason, now);
        }
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<ConversationEvent> {
        self.events.pop_front()
    }

    fn gateway(&self) -> &str {
        let url = self.config.gateways.get(self.gateways.current());
        url.map(String::as_str).unwrap_or_default()
    }

    fn gives_up(&self, now: u64) -> bool {
        let limit = self.config.reconnect.give_up_after;
        limit.is_some_and(|limit| after(self.lost_at, limit) <= now)
    }

    /// Holds the end of the connection against the call that it may have ended for. A message is reported when that was
    /// once too often, and gone; for the greeting, the answer says so.
    fn blame(&mut self, reason: &CloseReason, was_stable: bool) -> bool {
        let State::Connected(connected) = &self.state else {
            return false;
        };
        let greeting_received = connected.session.greeting_received();
        let first_under_way = match connected.greeting_sent && !greeting_received {
            true => CallKind::Greeting,
            false => CallKind::Message,
        };
        if greeting_received && let Some(greeting) = &mut self.greeting {
            greeting.blame = Blame::default();
        }
        match (
            blame(reason, first_under_way, was_stable),
            &mut self.greeting,
        ) {
            (Some((CallKind::Greeting, blame)), Some(greeting)) => greeting.blame.add(blame),
            (Some((CallKind::Message, blame)), _) => {
                if let Some(number) = self.outbox.blame_first(blame) {
                    let reason = match reason {
                        CloseReason::Refused { reason, .. } => reason.clone(),
                        _ => reason.to_string(),
                    };
                    self.events
                        .push_back(ConversationEvent::Refused { number, reason });
                }
                false
            }
            _ => false,
        }
    }

    fn reconnect(&mut self, reason: CloseReason, now: u64) {
        let limits = &self.config.reconnect;
        if reason.is_misbehaviour() {
            self.gateways.penalise_current(after(now, limits.penalty));
        }
        self.gateways.advance(now);
        let (attempt, wait) = self.backoff.next_attempt(limits);
        self.state = State::Waiting {
            until: after(now, wait),
        };
        let gateway = self.gateway().to_owned();
        self.events.push_back(ConversationEvent::Reconnecting {
            reason,
            gateway,
            attempt,
            wait,
        });
    }
}
