//! Clients' messages. The Internet Computer executes calls in any order, so those that come early wait for those before
//! them.

use candid::Principal;
use ic_stable_structures::Memory;
use ic_ws_protocol::{ClientKey, WebsocketMessage, WebsocketServiceMessageContent};

use super::{Event, Websockets};
use crate::{
    error::MessageError,
    params::CloseReason,
    storage::{ClientRecord, EarlyMessage, EarlyMessages, client_id},
};

/// No message about the connection itself is longer.
const MAX_SERVICE_MESSAGE_BYTES: usize = 1024;

/// The messages that wait for one before them.
pub(crate) struct Early<M: Memory> {
    messages: EarlyMessages<M>,
    /// Of all content. On the heap, and made again when the canister starts.
    bytes: usize,
}

impl<M: Memory> Early<M> {
    pub fn new(messages: M) -> Self {
        let messages = EarlyMessages::init(messages);
        let bytes = messages.values().map(|message| message.content.len()).sum();
        Self { messages, bytes }
    }

    pub fn clear(&mut self) {
        self.messages.clear_new();
        self.bytes = 0;
    }

    /// A client's messages are of no use any more.
    pub fn forget(&mut self, client: &ClientKey) {
        while let Some(sequence_num) = self.first(client) {
            self.take(client, sequence_num);
        }
    }

    /// The sequence number of the first message of a client that waits.
    fn first(&self, client: &ClientKey) -> Option<u64> {
        let id = client_id(client);
        let mut waiting = self.messages.keys_range((id, 0)..=(id, u64::MAX));
        waiting.next().map(|(_, sequence_num)| sequence_num)
    }

    fn contains(&self, client: &ClientKey, sequence_num: u64) -> bool {
        self.messages
            .contains_key(&(client_id(client), sequence_num))
    }

    /// Puts aside a message that is not there yet.
    fn put(&mut self, client: &ClientKey, sequence_num: u64, message: EarlyMessage) {
        self.bytes += message.content.len();
        self.messages
            .insert((client_id(client), sequence_num), message);
    }

    fn take(&mut self, client: &ClientKey, sequence_num: u64) -> Option<EarlyMessage> {
        let message = self.messages.remove(&(client_id(client), sequence_num))?;
        self.bytes -= message.content.len();
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
        let mut client = self.client(&client_key)?;
        let sequence_num = message.sequence_num;
        if sequence_num <= client.last_received {
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
        self.accept(&client_key, &mut client, message, now)?;
        self.accept_waiting(&client_key, client, now);
        Ok(())
    }

    fn put_aside(
        &mut self,
        client_key: &ClientKey,
        mut client: ClientRecord,
        sequence_num: u64,
        message: EarlyMessage,
        now: u64,
    ) -> Result<(), MessageError> {
        if self.early.contains(client_key, sequence_num) {
            return Ok(());
        }
        let limits = &self.params.limits;
        let is_far = sequence_num - client.last_received > limits.early_messages_per_client as u64;
        if is_far || self.early.bytes + message.content.len() > limits.early_bytes {
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

    /// Accepts what has waited for the message just accepted.
    fn accept_waiting(&mut self, client_key: &ClientKey, mut client: ClientRecord, now: u64) {
        if client.gap_since != 0 {
            while let Some(message) = self.early.take(client_key, client.last_received + 1) {
                if self.accept(client_key, &mut client, message, now).is_err() {
                    // The connection is closed, and the client told why.
                    return;
                }
            }
            let has_gap = self.early.first(client_key).is_some();
            client.gap_since = if has_gap { now } else { 0 };
        }
        self.clients.put(client_key, client);
    }

    /// Accepts the next message of a client. One that the client may not send closes the connection.
    fn accept(
        &mut self,
        client_key: &ClientKey,
        client: &mut ClientRecord,
        message: EarlyMessage,
        now: u64,
    ) -> Result<(), MessageError> {
        client.last_received += 1;
        if !message.is_service_message {
            self.events.push_back(Event::Message {
                client_key: *client_key,
                content: message.content,
            });
            return Ok(());
        }
        let accepted = check_service_message(&message.content);
        match accepted {
            Ok(()) => client.last_keep_alive = now,
            Err(_) => self.disconnect(client_key, CloseReason::InvalidServiceMessage, now),
        }
        accepted
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
