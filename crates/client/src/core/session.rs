//! One connection.

use std::time::Duration;

use candid::Principal;
use ic_transport_types::{EnvelopeContent, RequestId};
use ic_ws_protocol::{
    CallOutcome, CanisterFrame, ClientKeepAliveMessageContent, ClientKey, GatewayFrame,
    HandshakeFrame, Receipt, ReceiptFrame, WebsocketMessage,
    WebsocketServiceMessageContent as ServiceMessage, timing::COMMUNICATION_LATENCY_BOUND,
};

use super::{acks::PendingAcks, after, calls::Calls, time::NetworkTime, verifier::Verifier};
use crate::{
    close_reason::{CallKind, CloseReason},
    config::Config,
    connection::Status,
};

/// What happened in a [`Session`].
#[derive(Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The canister has opened the connection.
    Opened {
        /// The name of the connection.
        client_key: ClientKey,
        /// Who relays it.
        gateway: Principal,
    },
    /// The canister sent a message: the application's Candid.
    Message(Vec<u8>),
    /// The canister has received everything up to this sequence number.
    Acknowledged {
        /// The last sequence number received.
        up_to: u64,
    },
    /// The session is over, and does nothing from now on.
    Closed(CloseReason),
}

/// One connection of a client to a canister through a gateway.
#[derive(Debug)]
pub struct Session {
    config: Config,
    client_key: ClientKey,
    state: State,
    verifier: Verifier,
    calls: Calls,
    acks: PendingAcks,
    has_receipts: bool,
    open_request: Option<RequestId>,
    last_received: u64,
    /// When the canister was last heard of.
    heard_at: u64,
    keep_alive_due: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    AwaitingHandshake {
        deadline: u64,
    },
    Opening {
        gateway: Principal,
        call_due: bool,
        deadline: u64,
    },
    Open,
    Closed,
}

impl Session {
    /// A session that starts to connect at `now`, where the network's time is known to be `time`. The nonce in
    /// `client_key` must be random, and never used before: it makes the session, and each of its calls, different from
    /// all others. `has_receipts` if the gateway agreed to give receipts.
    pub fn new(
        config: Config,
        client_key: ClientKey,
        has_receipts: bool,
        time: NetworkTime,
        now: u64,
    ) -> Self {
        Self {
            client_key,
            state: State::AwaitingHandshake {
                deadline: after(now, config.open_timeout),
            },
            verifier: Verifier::new(&config, time),
            calls: Calls::new(config.canister, client_key),
            acks: PendingAcks::new(patience(&config)),
            has_receipts,
            open_request: None,
            last_received: 0,
            heard_at: now,
            keep_alive_due: false,
            config,
        }
    }

    /// The name of the connection.
    pub fn client_key(&self) -> ClientKey {
        self.client_key
    }

    /// How the protocol stands.
    pub fn status(&self) -> Status {
        Status {
            sent: self.acks.last_sent(),
            received: self.last_received,
            certified_at: self.verifier.certified_at(),
            has_receipts: self.has_receipts,
        }
    }

    /// Whether the canister has opened the connection, and nobody has closed it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the canister is known to have received the [greeting](Self::greet).
    pub fn greeting_received(&self) -> bool {
        self.acks.greeting_received()
    }

    /// How many of the application's messages the canister is known to have received, from the first on.
    pub fn messages_received(&self) -> usize {
        self.acks.messages_received()
    }

    /// Takes a frame from the gateway.
    pub fn handle_frame(&mut self, frame: &[u8], now: u64) -> Option<SessionEvent> {
        let outcome = match self.state {
            State::AwaitingHandshake { .. } => self.handshake(frame, now).map(|()| None),
            State::Opening { .. } | State::Open => self.gateway_frame(frame, now),
            State::Closed => Ok(None),
        };
        outcome.unwrap_or_else(|reason| Some(self.close(reason)))
    }

    /// Takes note of the time. To be called at [`next_deadline`](Self::next_deadline) or later.
    pub fn handle_timeout(&mut self, now: u64) -> Option<SessionEvent> {
        let timeout = self.config.open_timeout;
        let outcome = match self.state {
            State::AwaitingHandshake { deadline } if deadline <= now => {
                Err(CloseReason::HandshakeTimeout(timeout))
            }
            State::Opening { deadline, .. } if deadline <= now => {
                Err(CloseReason::OpenTimeout(timeout))
            }
            State::Open => self.acks.check(now).and_then(|()| self.check_silence(now)),
            _ => Ok(()),
        };
        outcome.err().map(|reason| self.close(reason))
    }

    /// When the session next wants to know the time, if nothing else happens.
    pub fn next_deadline(&self) -> Option<u64> {
        match self.state {
            State::AwaitingHandshake { deadline } | State::Opening { deadline, .. } => {
                Some(deadline)
            }
            State::Open => {
                let silence = after(self.heard_at, patience(&self.config));
                Some(
                    self.acks
                        .next_deadline()
                        .map_or(silence, |ack| ack.min(silence)),
                )
            }
            State::Closed => None,
        }
    }

    /// The call that the protocol itself wants to make now, if any: `ws_open`, or a keep-alive.
    ///
    /// # Errors
    /// None in practice.
    pub fn poll_call(&mut self, now: u64) -> Result<Option<EnvelopeContent>, CloseReason> {
        match &mut self.state {
            State::Opening {
                gateway, call_due, ..
            } if *call_due => {
                *call_due = false;
                let call = self.calls.ws_open(*gateway, self.verifier.time().at(now))?;
                self.open_request = self.has_receipts.then(|| call.to_request_id());
                Ok(Some(call))
            }
            State::Open if self.keep_alive_due => {
                self.keep_alive_due = false;
                self.keep_alive(now).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a message of the application can be sent now: the session is open, and less than
    /// [`Config::max_unacknowledged`] messages are unacknowledged.
    pub fn can_send(&self) -> bool {
        self.is_open() && self.acks.len() < self.config.max_unacknowledged
    }

    /// The call that sends a message of the application, to be made only when [`can_send`](Self::can_send).
    ///
    /// # Errors
    /// None in practice.
    pub fn send(&mut self, content: Vec<u8>, now: u64) -> Result<EnvelopeContent, CloseReason> {
        self.message(content, CallKind::Message, now)
    }

    /// The call that sends a message of the application before all others, to be made only when
    /// [`can_send`](Self::can_send). It is not among the [`messages_received`](Self::messages_received).
    ///
    /// # Errors
    /// None in practice.
    pub fn greet(&mut self, content: Vec<u8>, now: u64) -> Result<EnvelopeContent, CloseReason> {
        self.message(content, CallKind::Greeting, now)
    }

    fn close(&mut self, reason: CloseReason) -> SessionEvent {
        self.state = State::Closed;
        SessionEvent::Closed(reason)
    }

    fn handshake(&mut self, frame: &[u8], now: u64) -> Result<(), CloseReason> {
        let handshake = HandshakeFrame::decode(frame).map_err(CloseReason::MalformedHandshake)?;
        self.state = State::Opening {
            gateway: handshake.gateway_principal,
            call_due: true,
            deadline: after(now, self.config.open_timeout),
        };
        Ok(())
    }

    fn gateway_frame(
        &mut self,
        frame: &[u8],
        now: u64,
    ) -> Result<Option<SessionEvent>, CloseReason> {
        if !self.has_receipts {
            let frame = CanisterFrame::decode(frame).map_err(CloseReason::MalformedFrame)?;
            return self.canister_message(&frame, now);
        }
        match GatewayFrame::decode(frame).map_err(CloseReason::MalformedFrame)? {
            GatewayFrame::Message(frame) => self.canister_message(&frame, now),
            GatewayFrame::Receipt(receipt) => self.receipt(&receipt, now).map(|()| None),
        }
    }

    fn canister_message(
        &mut self,
        frame: &CanisterFrame,
        now: u64,
    ) -> Result<Option<SessionEvent>, CloseReason> {
        let message = self.verifier.message(frame, now)?;
        if message.client_key != self.client_key {
            return Err(CloseReason::WrongClientKey(message.client_key));
        }
        let expected = self.last_received.saturating_add(1);
        if message.sequence_num != expected {
            return Err(CloseReason::WrongSequenceNumber {
                expected,
                received: message.sequence_num,
            });
        }
        self.last_received = expected;
        self.heard_at = now;
        match (self.state, message.is_service_message) {
            (_, true) => self.service_message(&message.content),
            (State::Open, false) => Ok(Some(SessionEvent::Message(message.content))),
            (_, false) => Err(CloseReason::NotOpened),
        }
    }

    fn service_message(&mut self, content: &[u8]) -> Result<Option<SessionEvent>, CloseReason> {
        let message = candid::decode_one(content)
            .map_err(|e| CloseReason::MalformedServiceMessage(e.to_string()))?;
        match (self.state, message) {
            (_, ServiceMessage::CloseMessage(close)) => {
                Err(CloseReason::ClosedByCanister(close.reason))
            }
            (State::Opening { gateway, .. }, ServiceMessage::OpenMessage(open)) => {
                if open.client_key != self.client_key {
                    return Err(CloseReason::OpenedForOther(open.client_key));
                }
                self.state = State::Open;
                Ok(Some(SessionEvent::Opened {
                    client_key: self.client_key,
                    gateway,
                }))
            }
            (State::Open, ServiceMessage::AckMessage(ack)) => {
                let up_to = ack.last_incoming_sequence_num;
                self.acks.acknowledge(up_to)?;
                self.keep_alive_due = true;
                Ok(Some(SessionEvent::Acknowledged { up_to }))
            }
            (State::Open, ServiceMessage::OpenMessage(_)) => {
                Err(CloseReason::UnexpectedServiceMessage("second open message"))
            }
            (_, ServiceMessage::KeepAliveMessage(_)) => {
                Err(CloseReason::UnexpectedServiceMessage("keep-alive message"))
            }
            _ => Err(CloseReason::NotOpened),
        }
    }

    fn keep_alive(&mut self, now: u64) -> Result<EnvelopeContent, CloseReason> {
        let keep_alive = ServiceMessage::KeepAliveMessage(ClientKeepAliveMessageContent {
            last_incoming_sequence_num: self.last_received,
        });
        let content =
            candid::encode_one(keep_alive).map_err(|e| CloseReason::Encoding(e.to_string()))?;
        self.message(content, CallKind::KeepAlive, now)
    }

    fn message(
        &mut self,
        content: Vec<u8>,
        kind: CallKind,
        now: u64,
    ) -> Result<EnvelopeContent, CloseReason> {
        let network_now = self.verifier.time().at(now);
        let message = WebsocketMessage {
            client_key: self.client_key,
            sequence_num: self.acks.next_message(kind, now),
            timestamp: network_now,
            is_service_message: kind == CallKind::KeepAlive,
            content,
        };
        let call = self.calls.ws_message(message, network_now)?;
        if self.has_receipts {
            self.acks.await_receipt(call.to_request_id());
        }
        Ok(call)
    }

    /// Takes a receipt. One that nobody waits for says nothing new: an acknowledgement came before it.
    fn receipt(&mut self, frame: &ReceiptFrame, now: u64) -> Result<(), CloseReason> {
        let id = &frame.request_id;
        let call = match self.open_request {
            Some(open) if open == *id => CallKind::Open,
            _ => match self.acks.awaiting_receipt(id) {
                Some(call) => call,
                None => return Ok(()),
            },
        };
        let decided = match &frame.receipt {
            Receipt::Certificate(certificate) => {
                let Some(outcome) = self.verifier.outcome(certificate, id, now)? else {
                    return Ok(());
                };
                verdict(&outcome).map_err(|reason| CloseReason::Refused { call, reason })
            }
            Receipt::Rejection(rejection) => {
                let reason = rejection.message.clone();
                Err(CloseReason::Rejected { call, reason })
            }
        };
        match call {
            CallKind::Open => {
                self.open_request = None;
                decided
            }
            _ => self.acks.receipt(id, decided),
        }
    }

    fn check_silence(&self, now: u64) -> Result<(), CloseReason> {
        let patience = patience(&self.config);
        match after(self.heard_at, patience) <= now {
            true => Err(CloseReason::Silence(patience)),
            false => Ok(()),
        }
    }
}

/// How long after anything the canister's next acknowledgement may take to come.
fn patience(config: &Config) -> Duration {
    config
        .ack_interval
        .saturating_add(COMMUNICATION_LATENCY_BOUND)
}

/// Whether the canister took what was sent; else its reason.
fn verdict(outcome: &CallOutcome) -> Result<(), String> {
    match outcome {
        CallOutcome::Replied(reply) => candid::decode_one::<Result<(), String>>(reply)
            .unwrap_or_else(|error| Err(format!("its answer cannot be understood: {error}"))),
        CallOutcome::Rejected { rejection, .. } => Err(rejection.message.clone()),
    }
}
