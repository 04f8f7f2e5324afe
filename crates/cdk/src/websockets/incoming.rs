//! Clients' messages. The Internet Computer executes calls in any order, so those that come early wait for those before
//! them.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use ic_stable_structures::Memory;
use ic_ws_protocol::{
    ClientKey, WebsocketMessage, WebsocketServiceMessageContent, bounded_candid::decode_one_within,
};

use super::{Event, Websockets};
use crate::{
    clients::Clients,
    error::MessageError,
    params::CloseReason,
    storage::{ClientRecord, EarlyMessage, EarlyMessages, client_id, client_key},
};

/// No message about the connection itself is longer.
const MAX_SERVICE_MESSAGE_BYTES: usize = 1024;

/// Ample for decoding one.
const SERVICE_MESSAGE_QUOTA: usize = 10_000;

/// The messages that wait for one before them.
pub(crate) struct Early<M: Memory> {
    messages: EarlyMessages<M>,
    /// Of each client's content. On the heap, and made again when the canister starts.
    bytes: BTreeMap<ClientKey, usize>,
    bytes_in_all: usize,
}

impl<M: Memory> Early<M> {
    pub fn new(messages: M) -> Self {
        let messages = EarlyMessages::init(messages);
        let (mut bytes, mut bytes_in_all) = (BTreeMap::new(), 0);
        for entry in messages.iter() {
            let ((id, _), message) = entry.into_pair();
            *bytes.entry(client_key(id)).or_default() += message.content.len();
            bytes_in_all += message.content.len();
        }
        Self {
            messages,
            bytes,
            bytes_in_all,
        }
    }

    /// The clients whose next message is there.
    pub fn ready(&self, clients: &Clients<M>) -> BTreeSet<ClientKey> {
        let is_ready = |key: &&ClientKey| {
            let next = clients.get(key).map(|client| client.last_received + 1);
            next.is_some_and(|next| self.contains(key, next))
        };
        self.bytes.keys().filter(is_ready).copied().collect()
    }

    pub fn clear(&mut self) {
        self.messages.clear_new();
        self.bytes.clear();
        self.bytes_in_all = 0;
    }

    /// A client's messages are of no use any more.
    pub fn forget(&mut self, client: &ClientKey) {
        while let Some(sequence_num) = self.first(client) {
            self.take(client, sequence_num);
        }
    }

    fn bytes_of(&self, client: &ClientKey) -> usize {
        self.bytes.get(client).copied().unwrap_or(0)
    }

    /// The sequence number of the first message of a client that waits.
    fn first(&self, client: &ClientKey) -> Option<u64> {
        if !self.bytes.contains_key(client) {
            return None;
        }
        let id = client_id(client);
        let mut waiting = self.messages.keys_range((id, 0)..=(id, u64::MAX));
        waiting.next().map(|(_, sequence_num)| sequence_num)
    }

    fn contains(&self, client: &ClientKey, sequence_num: u64) -> bool {
        let key = (client_id(client), sequence_num);
        self.bytes.contains_key(client) && self.messages.contains_key(&key)
    }

    /// Puts aside a message that is not there yet.
    fn put(&mut self, client: &ClientKey, sequence_num: u64, message: EarlyMessage) {
        *self.bytes.entry(*client).or_default() += message.content.len();
        self.bytes_in_all += message.content.len();
        self.messages
            .insert((client_id(client), sequence_num), message);
    }

    fn take(&mut self, client: &ClientKey, sequence_num: u64) -> Option<EarlyMessage> {
        let message = self.messages.remove(&(client_id(client), sequence_num))?;
        let bytes = self.bytes_of(client) - message.content.len();
        self.bytes_in_all -= message.content.len();
        self.bytes.insert(*client, bytes);
        if self.first(client).is_none() {
            self.bytes.remove(client);
        }
        Some(message)
    }
}

impl<M: Memory> Websockets<M> {
    /// A client's message has come. One that has come before is ignored, one that comes early waits.
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
        let client = self.client(&client_key)?;
        let sequence_num = message.sequence_num;
        if sequence_num <= client.last_received || self.early.contains(&client_key, sequence_num) {
            return Ok(());
        }
        let limit = match message.is_service_message {
            true => MAX_SERVICE_MESSAGE_BYTES,
            false => self.params.limits.message_bytes,
        };
        let size = message.content.len();
        if size > limit {
            // Its number is used up: no later message could be accepted.
            self.disconnect(&client_key, CloseReason::MessageTooLarge, now);
            return Err(MessageError::TooLarge { size, limit });
        }
        let message = EarlyMessage {
            is_service_message: message.is_service_message,
            content: message.content,
        };
        if sequence_num > client.last_received + 1 {
            return self.put_aside(&client_key, client, sequence_num, message, now);
        }
        self.accept(&client_key, client, message, now)
    }

    fn put_aside(
        &mut self,
        client_key: &ClientKey,
        mut client: ClientRecord,
        sequence_num: u64,
        message: EarlyMessage,
        now: u64,
    ) -> Result<(), MessageError> {
        let limits = &self.params.limits;
        let size = message.content.len();
        if sequence_num - client.last_received > limits.early_messages_per_client as u64
            || self.early.bytes_of(client_key) + size > limits.early_bytes_per_client
            || self.early.bytes_in_all + size > limits.early_bytes
        {
            self.disconnect(client_key, CloseReason::TooManyEarlyMessages, now);
            return Err(MessageError::TooEarly {
                expected: client.last_received + 1,
                actual: sequence_num,
            });
        }
        self.early.put(client_key, sequence_num, message);
        if client.gap_since == 0 {
            client.gap_since = now;
            self.clients.put(client_key, client);
        }
        Ok(())
    }

    /// Accepts the next message of a client. One that the client may not send closes the connection.
    fn accept(
        &mut self,
        client_key: &ClientKey,
        mut client: ClientRecord,
        message: EarlyMessage,
        now: u64,
    ) -> Result<(), MessageError> {
        if message.is_service_message {
            if let Err(error) = check_service_message(&message.content) {
                self.disconnect(client_key, CloseReason::InvalidServiceMessage, now);
                return Err(error);
            }
            client.last_keep_alive = now;
        } else {
            self.events.push_back(Event::Message {
                client_key: *client_key,
                content: message.content,
            });
        }
        client.last_received += 1;
        client.gap_since = match self.early.first(client_key) {
            None => 0,
            Some(first) => {
                if first == client.last_received + 1 {
                    self.ready.insert(*client_key);
                }
                now
            }
        };
        self.clients.put(client_key, client);
        Ok(())
    }

    /// A client whose next message is there, and to be accepted in a call of its own.
    pub fn take_ready(&mut self) -> Option<ClientKey> {
        self.ready.pop_first()
    }

    /// Accepts the next message of a client, which has waited.
    pub fn accept_waiting(&mut self, client_key: &ClientKey, now: u64) {
        let Some(client) = self.clients.get(client_key) else {
            return;
        };
        if let Some(message) = self.early.take(client_key, client.last_received + 1) {
            // If it is refused, the connection is closed, and the client told why.
            self.accept(client_key, client, message, now).ok();
        }
    }
}

/// Clients may only keep alive.
fn check_service_message(content: &[u8]) -> Result<(), MessageError> {
    match decode_one_within(content, SERVICE_MESSAGE_QUOTA) {
        Ok(WebsocketServiceMessageContent::KeepAliveMessage(_)) => Ok(()),
        Ok(_) => Err(MessageError::UnexpectedServiceMessage),
        Err(error) => Err(MessageError::MalformedServiceMessage(error)),
    }
}
