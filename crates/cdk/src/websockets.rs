//! The protocol as a state machine: it is told who calls when, and tells what to certify and whom to call back.
//!
//! Nothing here knows of the Internet Computer, so all of it runs in tests under simulated time. Times are in
//! nanoseconds since 1970.

mod incoming;
mod outgoing;

use std::collections::{BTreeSet, VecDeque};

use candid::Principal;
use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{
    CanisterAckMessageContent, CanisterCloseMessageContent, CanisterOpenMessageContent,
    CanisterWsOpenArguments, ClientKey, WebsocketServiceMessageContent, cbor::CborError,
};

use self::incoming::Early;
use crate::{
    broadcasts::Broadcasts,
    clients::Clients,
    error::{CloseError, InitError, MethodError, NotConnected, OpenError},
    params::{CloseReason, MAX_MESSAGE_BYTES, WsInitParams},
    queues::{Page, PageLimit, Queues},
    recipient::Recipient,
    storage::{ClientRecord, Storage},
    timing::Timing,
};

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
    Closed(ClientKey, CloseReason),
}

pub(crate) struct Websockets<M: Memory> {
    params: WsInitParams,
    timing: Timing,
    clients: Clients<M>,
    early: Early<M>,
    queues: Queues<M>,
    broadcasts: Broadcasts<M>,
    events: VecDeque<Event>,
    /// Clients of whom the next message is there, and waits only for the ones before to be worked off.
    ready: BTreeSet<ClientKey>,
    certified: Option<Hash>,
}

impl<M: Memory> Websockets<M> {
    /// Takes up the connections that `storage` holds.
    pub fn new(params: WsInitParams, storage: Storage<M>, now: u64) -> Result<Self, InitError> {
        params.validate()?;
        let timing = Timing::new(params.ack_interval(), now);
        let storage = storage.in_this_layout()?;
        let clients = Clients::new(storage.clients, timing);
        let early = Early::new(storage.early);
        Ok(Self {
            params,
            timing,
            ready: early.ready(&clients),
            clients,
            early,
            queues: Queues::new(storage.gateways, storage.messages, timing),
            broadcasts: Broadcasts::new(storage.broadcasts, storage.recipients),
            events: VecDeque::new(),
            certified: None,
        })
    }

    /// The next thing to tell the application. Messages that have waited are among it only while `may_go_on`.
    pub fn poll_event(&mut self, now: u64, may_go_on: impl Fn() -> bool) -> Option<Event> {
        while self.events.is_empty() && may_go_on() {
            let client_key = self.take_ready()?;
            self.accept_waiting(&client_key, now);
        }
        self.events.pop_front()
    }

    /// What the canister must certify now, if it is not what it was told last.
    pub fn poll_certified_data(&mut self) -> Option<Hash> {
        let root_hash = self.queues.certify();
        (self.certified.replace(root_hash) != Some(root_hash)).then_some(root_hash)
    }

    /// `caller` wants to connect.
    pub fn open(
        &mut self,
        caller: Principal,
        args: CanisterWsOpenArguments,
        now: u64,
    ) -> Result<(), OpenError> {
        let gateway = args.gateway_principal;
        self.check_opening(caller, gateway)?;
        let client_key = ClientKey {
            client_principal: caller,
            client_nonce: args.client_nonce,
        };
        if self.is_connected(&client_key) {
            return Err(OpenError::AlreadyConnected(client_key));
        }

        let client = ClientRecord {
            gateway,
            last_sent: 0,
            last_received: 0,
            last_keep_alive: now,
            last_ack: now,
            awaits_keep_alive: false,
            gap_since: 0,
        };
        self.queues.add_client(gateway);
        let open = CanisterOpenMessageContent { client_key };
        let open = WebsocketServiceMessageContent::OpenMessage(open);
        self.push_service(&client_key, client, &open, now)?;
        self.events.push_back(Event::Opened(client_key));
        Ok(())
    }

    fn check_opening(&self, caller: Principal, gateway: Principal) -> Result<(), OpenError> {
        if caller == Principal::anonymous() {
            return Err(OpenError::Anonymous);
        }
        let allowed = &self.params.allowed_gateways;
        if allowed.as_ref().is_some_and(|all| !all.contains(&gateway)) {
            return Err(OpenError::GatewayNotAllowed(gateway));
        }
        let limits = &self.params.limits;
        if !self.queues.knows(gateway) && self.queues.gateways() >= limits.gateways {
            return Err(OpenError::TooManyGateways(limits.gateways));
        }
        if self.queues.clients(gateway) >= limits.clients_per_gateway as u64 {
            return Err(OpenError::TooManyClients {
                gateway,
                limit: limits.clients_per_gateway,
            });
        }
        let limit = limits.clients_per_principal;
        if self.clients.of(caller).take(limit).count() == limit {
            return Err(OpenError::TooManyConnections { caller, limit });
        }
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
        self.disconnect(&client_key, CloseReason::GatewayClosed, now);
        Ok(())
    }

    /// Whether a client is connected.
    pub fn is_connected(&self, client_key: &ClientKey) -> bool {
        self.clients.contains(client_key)
    }

    /// Whether a call of the method by `caller`, with an argument of that many bytes, can be more than junk.
    pub fn check_call(
        &self,
        caller: Principal,
        method: &str,
        arg_bytes: usize,
    ) -> Result<(), MethodError> {
        if caller == Principal::anonymous() {
            return Err(MethodError::Anonymous);
        }
        /// What the Candid of an argument has around the longest message.
        const ENVELOPE_BYTES: usize = 1024;
        let (limit, is_known) = match method {
            "ws_open" => (ENVELOPE_BYTES, true),
            "ws_message" => {
                let limit = self.params.limits.message_bytes + ENVELOPE_BYTES;
                (limit, self.clients.of(caller).next().is_some())
            }
            "ws_close" => (ENVELOPE_BYTES, self.queues.clients(caller) > 0),
            _ => return Err(MethodError::Unknown(method.to_owned())),
        };
        if arg_bytes > limit {
            return Err(MethodError::TooLong { arg_bytes, limit });
        }
        if !is_known {
            return Err(MethodError::NotConnected(caller));
        }
        Ok(())
    }

    /// The messages for the gateway `caller` from `nonce` on.
    pub fn messages(&self, caller: Principal, nonce: u64) -> Result<Page, CborError> {
        let limit = PageLimit {
            messages: self.params.max_number_of_returned_messages,
            bytes: MAX_PAGE_BYTES,
        };
        self.queues.page(caller, nonce, limit)
    }

    /// The application closes connections.
    pub fn close(&mut self, whom: Recipient, now: u64) -> Result<(), NotConnected> {
        self.end(whom, CloseReason::ClosedByApplication, now)
    }

    /// The application closes connections, and wants the clients back.
    pub fn reset(&mut self, whom: Recipient, now: u64) -> Result<(), NotConnected> {
        self.end(whom, CloseReason::Reset, now)
    }

    fn end(&mut self, whom: Recipient, reason: CloseReason, now: u64) -> Result<(), NotConnected> {
        let connected = self.connected([whom]);
        if connected.is_empty() {
            return Err(NotConnected(whom));
        }
        for client_key in connected {
            self.disconnect(&client_key, reason, now);
        }
        Ok(())
    }

    /// The connections of a principal.
    pub fn connections(&self, principal: Principal) -> Vec<ClientKey> {
        self.clients.of(principal).collect()
    }

    /// All connections.
    pub fn all_connections(&self) -> Vec<ClientKey> {
        self.clients.keys().collect()
    }

    /// Forgets all connections, gateways and messages.
    pub fn wipe(&mut self) {
        let closed = |client_key| Event::Closed(client_key, CloseReason::Wiped);
        self.events.extend(self.clients.keys().map(closed));
        self.clients.clear();
        self.early.clear();
        self.ready.clear();
        self.queues.clear();
        self.broadcasts.clear();
    }

    /// When [`on_deadline`](Self::on_deadline) has something to do; never if `None`.
    pub fn deadline(&self) -> Option<u64> {
        if !self.broadcasts.is_empty() || !self.ready.is_empty() {
            return Some(0);
        }
        let client = self.clients.first_deadline().map(|(deadline, _)| deadline);
        client.into_iter().chain(self.queues.deadline()).min()
    }

    /// Does what is due, as long as `may_go_on`: what is left is due at once.
    pub fn on_deadline(&mut self, now: u64, may_go_on: impl Fn() -> bool) {
        let mut encoded = None;
        while may_go_on() && (self.deliver_pending(&mut encoded, now) || self.attend(now)) {}
    }

    /// Attends to one client or the queues, if they are due; `false` if nothing is.
    fn attend(&mut self, now: u64) -> bool {
        let is_due = |deadline: u64| deadline <= now;
        if let Some((_, client_key)) = self
            .clients
            .first_deadline()
            .filter(|first| is_due(first.0))
        {
            self.attend_client(&client_key, now);
            return true;
        }
        let are_due = self.queues.deadline().is_some_and(is_due);
        if are_due {
            self.queues.drop_expired(now);
        }
        are_due
    }

    fn attend_client(&mut self, client_key: &ClientKey, now: u64) {
        let Some(mut client) = self.clients.get(client_key) else {
            return;
        };
        let gap = self.timing.gap_deadline(&client);
        if gap.is_some_and(|gap| gap <= now) {
            return self.disconnect(client_key, CloseReason::MissingMessage, now);
        }
        if !client.awaits_keep_alive {
            return self.acknowledge(client_key, client, now);
        }
        if self.timing.is_silent(&client) {
            return self.disconnect(client_key, CloseReason::KeepAliveTimeout, now);
        }
        client.awaits_keep_alive = false;
        self.clients.put(client_key, client);
    }

    fn acknowledge(&mut self, client_key: &ClientKey, mut client: ClientRecord, now: u64) {
        client.last_ack = now;
        client.awaits_keep_alive = true;
        self.clients.put(client_key, client);
        let ack = CanisterAckMessageContent {
            last_incoming_sequence_num: client.last_received,
        };
        let ack = WebsocketServiceMessageContent::AckMessage(ack);
        // A client that gets no acknowledgement closes by itself.
        self.push_service(client_key, client, &ack, now).ok();
    }

    /// Ends a connection, and tells the client why if there is a way.
    fn disconnect(&mut self, client_key: &ClientKey, reason: CloseReason, now: u64) {
        if let Some(reason) = reason.for_client() {
            // What was broadcast before shall come before.
            self.deliver_pending_to(client_key, now);
            if let Some(client) = self.clients.get(client_key) {
                let close = CanisterCloseMessageContent { reason };
                let close = WebsocketServiceMessageContent::CloseMessage(close);
                // A client that could not be told is removed all the same.
                self.push_service(client_key, client, &close, now).ok();
            }
        }
        if let Some(client) = self.clients.remove(client_key) {
            self.early.forget(client_key);
            self.ready.remove(client_key);
            self.broadcasts.forget(client_key);
            self.queues.remove_client(client.gateway, now);
            self.events.push_back(Event::Closed(*client_key, reason));
        }
    }

    fn client(&self, client_key: &ClientKey) -> Result<ClientRecord, NotConnected> {
        self.clients
            .get(client_key)
            .ok_or(NotConnected(client_key.into()))
    }
}

#[cfg(test)]
mod tests;
