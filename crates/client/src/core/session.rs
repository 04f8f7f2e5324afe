//! The state machine.

use candid::Principal;
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::{
    CanisterFrame, ClientKeepAliveMessageContent, ClientKey, HandshakeFrame, WebsocketMessage,
    WebsocketServiceMessageContent as ServiceMessage, timing::COMMUNICATION_LATENCY_BOUND,
};

use super::{acks::PendingAcks, after, calls::Calls, verifier::Verifier};
use crate::{close_reason::CloseReason, config::Config};

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
    last_received: u64,
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
    /// A session of the client `principal` that starts to connect at `now`. `client_nonce` must be random, and never
    /// used before: it makes the session, and each of its calls, different from all others.
    pub fn new(config: Config, principal: Principal, client_nonce: u64, now: u64) -> Self {
        let client_key = ClientKey {
            client_principal: principal,
            client_nonce,
        };
        Self {
            client_key,
            state: State::AwaitingHandshake {
                deadline: after(now, config.open_timeout),
            },
            verifier: Verifier {
                canister: config.canister,
                root_key: config.root_key.clone(),
            },
            calls: Calls::new(config.canister, client_key),
            acks: PendingAcks::new(
                config
                    .ack_interval
                    .saturating_add(COMMUNICATION_LATENCY_BOUND),
            ),
            last_received: 0,
            keep_alive_due: false,
            config,
        }
    }

    /// The name of the connection.
    pub fn client_key(&self) -> ClientKey {
        self.client_key
    }

    /// Takes a frame from the gateway.
    pub fn handle_frame(&mut self, frame: &[u8], now: u64) -> Option<SessionEvent> {
        let outcome = match self.state {
            State::AwaitingHandshake { .. } => self.handshake(frame, now).map(|()| None),
            State::Opening { .. } | State::Open => self.canister_message(frame, now),
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
            State::Open => self.acks.check(now),
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
            State::Open => self.acks.next_deadline(),
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
                self.calls.ws_open(*gateway, now).map(Some)
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
        matches!(self.state, State::Open) && self.acks.len() < self.config.max_unacknowledged
    }

    /// The call that sends a message of the application, to be made only when [`can_send`](Self::can_send).
    ///
    /// # Errors
    /// None in practice.
    pub fn send(&mut self, content: Vec<u8>, now: u64) -> Result<EnvelopeContent, CloseReason> {
        self.message(content, false, now)
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

    fn canister_message(
        &mut self,
        frame: &[u8],
        now: u64,
    ) -> Result<Option<SessionEvent>, CloseReason> {
        let frame = CanisterFrame::decode(frame).map_err(CloseReason::MalformedFrame)?;
        let message = self.verifier.verify(&frame, now)?;
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
        self.message(content, true, now)
    }

    fn message(
        &mut self,
        content: Vec<u8>,
        is_service_message: bool,
        now: u64,
    ) -> Result<EnvelopeContent, CloseReason> {
        let message = WebsocketMessage {
            client_key: self.client_key,
            sequence_num: self.acks.next_message(now),
            timestamp: now,
            is_service_message,
            content,
        };
        self.calls.ws_message(message, now)
    }
}
