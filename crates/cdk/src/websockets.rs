//! The protocol as a state machine: it is told who calls when, and tells what to certify and whom to call back.
//!
//! Nothing here knows of the Internet Computer, so all of it runs in tests under simulated time. Times are in
//! nanoseconds since 1970.

use std::{collections::VecDeque, time::Duration};

use candid::Principal;
use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{
    CanisterAckMessageContent, CanisterCloseMessageContent, CanisterOpenMessageContent,
    CanisterWsOpenArguments, ClientKey, CloseMessageReason, WebsocketMessage,
    WebsocketServiceMessageContent, cbor::CborError, timing::KEEP_ALIVE_TIMEOUT,
};

use crate::{
    error::{CloseError, InitError, MessageError, NotConnected, OpenError, SendError},
    params::WsInitParams,
    queues::{Page, PageLimit, Queues},
    storage::{
        ClientRecord, Clients, Header, HeaderCell, LAYOUT_VERSION, QueuedMessage, Storage,
        client_id, client_key,
    },
};

/// The longest application message. With certificate and witness it still fits into the 3 MiB of a query's reply.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2 * 1024 * 1024;

/// How much content one poll returns at most, unless a single message is longer.
const MAX_PAGE_BYTES: usize = MAX_MESSAGE_BYTES;

/// What the application is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Opened(ClientKey),
    Message {
        client_key: ClientKey,
        content: Vec<u8>,
    },
    Closed(ClientKey),
}

pub(crate) struct Websockets<M: Memory> {
    page_limit: PageLimit,
    ack_interval: u64,
    header: HeaderCell<M>,
    clients: Clients<M>,
    queues: Queues<M>,
    /// Whether the last acknowledgement's keep-alives are still to be checked. Not stable: an upgrade spares the
    /// clients this check, since it may have kept them from answering.
    awaiting_keep_alives: bool,
    events: VecDeque<Event>,
    certified: Option<Hash>,
}

impl<M: Memory> Websockets<M> {
    /// Takes up the connections that `storage` holds.
    pub fn new(params: &WsInitParams, storage: Storage<M>, now: u64) -> Result<Self, InitError> {
        params.validate()?;
        let header = HeaderCell::init(
            storage.header,
            Header {
                layout_version: LAYOUT_VERSION,
                last_ack: now,
            },
        );
        if header.get().layout_version > LAYOUT_VERSION {
            return Err(InitError::UnknownLayout(header.get().layout_version));
        }
        Ok(Self {
            page_limit: PageLimit {
                messages: params.max_number_of_returned_messages,
                bytes: MAX_PAGE_BYTES,
            },
            ack_interval: nanos(params.ack_interval()),
            header,
            clients: Clients::init(storage.clients),
            queues: Queues::new(storage.gateways, storage.queues),
            awaiting_keep_alives: false,
            events: VecDeque::new(),
            certified: None,
        })
    }

    /// The next thing to tell the application.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What the canister must certify now, if it is not what it was told last.
    pub fn poll_certified_data(&mut self) -> Option<Hash> {
        let root_hash = self.queues.root_hash();
        (self.certified.replace(root_hash) != Some(root_hash)).then_some(root_hash)
    }

    /// `caller` wants to connect.
    pub fn open(
        &mut self,
        caller: Principal,
        args: CanisterWsOpenArguments,
        now: u64,
    ) -> Result<(), OpenError> {
        if caller == Principal::anonymous() {
            return Err(OpenError::Anonymous);
        }
        let client_key = client_key((caller, args.client_nonce));
        if self.is_connected(&client_key) {
            return Err(OpenError::AlreadyConnected(client_key));
        }

        let record = ClientRecord {
            gateway: args.gateway_principal,
            last_sent: 0,
            last_received: 0,
            last_keep_alive: now,
        };
        self.clients.insert(client_id(&client_key), record);
        self.queues.add_client(args.gateway_principal);
        let open = CanisterOpenMessageContent { client_key };
        self.send_service(
            &client_key,
            &WebsocketServiceMessageContent::OpenMessage(open),
            now,
        )?;
        self.events.push_back(Event::Opened(client_key));
        Ok(())
    }

    /// A client's message has come. What cannot be accepted closes the connection.
    pub fn receive(
        &mut self,
        caller: Principal,
        message: WebsocketMessage,
        now: u64,
    ) -> Result<(), MessageError> {
        let client_key = message.client_key;
        if caller != client_key.client_principal {
            return Err(MessageError::ForeignKey { caller, client_key });
        }
        let mut record = self.client(&client_key)?;
        let expected = record.last_received + 1;
        if message.sequence_num != expected {
            self.close_because(&client_key, CloseMessageReason::WrongSequenceNumber, now);
            return Err(MessageError::WrongSequenceNumber {
                expected,
                actual: message.sequence_num,
            });
        }
        record.last_received = expected;

        if message.is_service_message {
            let accepted = check_service_message(&message.content);
            if accepted.is_err() {
                self.close_because(&client_key, CloseMessageReason::InvalidServiceMessage, now);
                return accepted;
            }
            record.last_keep_alive = now;
        } else {
            self.events.push_back(Event::Message {
                client_key,
                content: message.content,
            });
        }
        self.clients.insert(client_id(&client_key), record);
        Ok(())
    }

    /// The gateway `caller` has lost a client.
    pub fn gateway_closed(
        &mut self,
        caller: Principal,
        client_key: ClientKey,
        now: u64,
    ) -> Result<(), CloseError> {
        if self.client(&client_key)?.gateway != caller {
            return Err(CloseError::ForeignGateway { caller, client_key });
        }
        self.remove(&client_key, now);
        Ok(())
    }

    /// Whether a client is connected.
    pub fn is_connected(&self, client_key: &ClientKey) -> bool {
        self.clients.contains_key(&client_id(client_key))
    }

    /// The messages for the gateway `caller` from `nonce` on.
    pub fn messages(&self, caller: Principal, nonce: u64) -> Result<Page, CborError> {
        self.queues.page(caller, nonce, self.page_limit)
    }

    /// Queues an application message.
    pub fn send(
        &mut self,
        client_key: &ClientKey,
        content: Vec<u8>,
        now: u64,
    ) -> Result<(), SendError> {
        if content.len() > MAX_MESSAGE_BYTES {
            return Err(SendError::TooLarge {
                size: content.len(),
                limit: MAX_MESSAGE_BYTES,
            });
        }
        self.queue(client_key, content, false, now)
    }

    /// The application closes a connection.
    pub fn close(&mut self, client_key: &ClientKey, now: u64) -> Result<(), NotConnected> {
        self.client(client_key)?;
        self.close_because(client_key, CloseMessageReason::ClosedByApplication, now);
        Ok(())
    }

    /// Forgets all connections, gateways and messages.
    pub fn wipe(&mut self) {
        let clients = self.clients.keys().map(client_key).map(Event::Closed);
        self.events.extend(clients);
        self.clients.clear_new();
        self.queues.clear();
    }

    /// When [`on_deadline`](Self::on_deadline) has something to do.
    pub fn deadline(&self) -> u64 {
        let wait = if self.awaiting_keep_alives {
            nanos(KEEP_ALIVE_TIMEOUT)
        } else {
            self.ack_interval
        };
        self.header.get().last_ack.saturating_add(wait)
    }

    /// Does what is due: acknowledges to all clients, or closes those that have not answered.
    pub fn on_deadline(&mut self, now: u64) {
        if now < self.deadline() {
            return;
        }
        if self.awaiting_keep_alives {
            self.awaiting_keep_alives = false;
            self.close_silent_clients(now);
            self.queues.forget_deserted(self.ago(now));
        } else {
            self.awaiting_keep_alives = true;
            self.acknowledge(now);
        }
    }

    fn acknowledge(&mut self, now: u64) {
        self.header.set(Header {
            layout_version: LAYOUT_VERSION,
            last_ack: now,
        });
        let clients: Vec<_> = self.clients.iter().map(|entry| entry.into_pair()).collect();
        for (id, record) in clients {
            let client_key = client_key(id);
            let ack = WebsocketServiceMessageContent::AckMessage(CanisterAckMessageContent {
                last_incoming_sequence_num: record.last_received,
            });
            // A client that gets no acknowledgement closes by itself.
            self.send_service(&client_key, &ack, now).ok();
        }
    }

    /// A keep-alive answers the last acknowledgement if it is younger. Who has connected since is not asked yet.
    fn close_silent_clients(&mut self, now: u64) {
        let last_ack = self.header.get().last_ack;
        let silent: Vec<_> = self
            .clients
            .iter()
            .map(|entry| entry.into_pair())
            .filter(|(_, record)| record.last_keep_alive < last_ack)
            .collect();
        for (id, _) in silent {
            self.close_because(&client_key(id), CloseMessageReason::KeepAliveTimeout, now);
        }
    }

    fn close_because(&mut self, client_key: &ClientKey, reason: CloseMessageReason, now: u64) {
        let close =
            WebsocketServiceMessageContent::CloseMessage(CanisterCloseMessageContent { reason });
        // A client that could not be told is removed all the same.
        self.send_service(client_key, &close, now).ok();
        self.remove(client_key, now);
    }

    fn remove(&mut self, client_key: &ClientKey, now: u64) {
        if let Some(record) = self.clients.remove(&client_id(client_key)) {
            self.queues.remove_client(record.gateway, now);
            self.events.push_back(Event::Closed(*client_key));
        }
    }

    fn send_service(
        &mut self,
        client_key: &ClientKey,
        message: &WebsocketServiceMessageContent,
        now: u64,
    ) -> Result<(), SendError> {
        self.queue(client_key, candid::encode_one(message)?, true, now)
    }

    fn queue(
        &mut self,
        client_key: &ClientKey,
        content: Vec<u8>,
        is_service_message: bool,
        now: u64,
    ) -> Result<(), SendError> {
        let mut record = self.client(client_key)?;
        record.last_sent += 1;
        let message = WebsocketMessage {
            client_key: *client_key,
            sequence_num: record.last_sent,
            timestamp: now,
            is_service_message,
            content,
        };
        let message = QueuedMessage {
            client_key: *client_key,
            timestamp: now,
            content: message.to_cbor()?,
        };
        self.queues.push(record.gateway, message, self.ago(now));
        self.clients.insert(client_id(client_key), record);
        Ok(())
    }

    fn client(&self, client_key: &ClientKey) -> Result<ClientRecord, NotConnected> {
        let record = self.clients.get(&client_id(client_key));
        record.ok_or(NotConnected(*client_key))
    }

    /// One acknowledgement interval before `now`: what is older need not be kept.
    fn ago(&self, now: u64) -> u64 {
        now.saturating_sub(self.ack_interval)
    }
}

/// Clients may only keep alive.
fn check_service_message(content: &[u8]) -> Result<(), MessageError> {
    match candid::decode_one(content) {
        Ok(WebsocketServiceMessageContent::KeepAliveMessage(_)) => Ok(()),
        Ok(_) => Err(MessageError::UnexpectedServiceMessage),
        Err(error) => Err(MessageError::MalformedServiceMessage(error)),
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
