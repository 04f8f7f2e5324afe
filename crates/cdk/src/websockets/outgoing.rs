//! Messages to clients.

use std::collections::BTreeSet;

use ic_stable_structures::Memory;
use ic_ws_protocol::{ClientKey, WebsocketServiceMessageContent};

use super::Websockets;
use crate::{
    content::Content,
    error::{NotConnected, SendError},
    params::CloseReason,
    queues::Load,
    recipient::Recipient,
    storage::ClientRecord,
};

impl<M: Memory> Websockets<M> {
    /// Queues an application message for one connection, or all connections of a principal.
    pub fn send(
        &mut self,
        to: Recipient,
        message: Vec<u8>,
        now: u64,
        may_go_on: impl Fn() -> bool,
    ) -> Result<(), SendError> {
        let principal = match to {
            Recipient::Connection(client_key) => return self.send_to(&client_key, message, now),
            Recipient::Principal(principal) => principal,
        };
        let connections: Vec<_> = self.clients.of(principal).take(2).collect();
        match connections.as_slice() {
            [] => Err(NotConnected(to).into()),
            [client_key] => self.send_to(client_key, message, now),
            _ => self.broadcast([to], message, now, may_go_on),
        }
    }

    fn send_to(
        &mut self,
        client_key: &ClientKey,
        message: Vec<u8>,
        now: u64,
    ) -> Result<(), SendError> {
        self.check_length(&message)?;
        // What was broadcast before shall come before.
        self.deliver_pending_to(client_key, now);
        let client = self.client(client_key)?;
        self.check_total(1, message.len())?;
        let content = Content::new(&message, now, false)?;
        self.check_load(client_key, &content)?;
        self.push(client_key, client, &content)
    }

    /// Queues an application message for each of `recipients`, as long as `may_go_on`; the rest waits for
    /// [`on_deadline`](Self::on_deadline). Who is not connected gets nothing, whose queue is full is closed.
    pub fn broadcast(
        &mut self,
        recipients: impl IntoIterator<Item = Recipient>,
        message: Vec<u8>,
        now: u64,
        may_go_on: impl Fn() -> bool,
    ) -> Result<(), SendError> {
        self.check_length(&message)?;
        let recipients = self.connected(recipients);
        let limits = &self.params.limits;
        if self.broadcasts.recipients() + recipients.len() > limits.pending_recipients {
            return Err(SendError::TooManyRecipients(limits.pending_recipients));
        }
        self.check_total(recipients.len(), message.len())?;
        let content = Content::new(&message, now, false)?;
        let mut waiting = Vec::new();
        for client_key in recipients {
            if !may_go_on() || self.broadcasts.awaits(&client_key) {
                waiting.push(client_key);
            } else {
                self.send_or_close(&client_key, &content);
            }
        }
        self.broadcasts.add(message, &waiting);
        Ok(())
    }

    /// The connections of the recipients, each once.
    pub(super) fn connected(
        &self,
        recipients: impl IntoIterator<Item = Recipient>,
    ) -> BTreeSet<ClientKey> {
        let mut connected = BTreeSet::new();
        for recipient in recipients {
            match recipient {
                Recipient::Connection(client_key) if self.is_connected(&client_key) => {
                    connected.insert(client_key);
                }
                Recipient::Connection(_) => {}
                Recipient::Principal(principal) => connected.extend(self.clients.of(principal)),
            }
        }
        connected
    }

    /// Delivers one message of a broadcast; `false` if none is under way. What is `encoded` of which broadcast serves
    /// its next recipients, too.
    pub(super) fn deliver_pending(
        &mut self,
        encoded: &mut Option<(u64, Content)>,
        now: u64,
    ) -> bool {
        let Some((number, client_key)) = self.broadcasts.first() else {
            return false;
        };
        if encoded.as_ref().is_none_or(|(of, _)| *of != number) {
            let message = self.broadcasts.message(number);
            // Every message has a CBOR form.
            let content = message.and_then(|message| Content::new(&message, now, false).ok());
            *encoded = content.map(|content| (number, content));
        }
        self.broadcasts.remove(number, &client_key);
        if let Some((_, content)) = encoded {
            self.send_or_close(&client_key, content);
        }
        true
    }

    /// Delivers to a client what was broadcast to it so far.
    pub(super) fn deliver_pending_to(&mut self, client_key: &ClientKey, now: u64) {
        while let Some(message) = self.broadcasts.take_for(client_key) {
            // Every message has a CBOR form.
            if let Ok(content) = Content::new(&message, now, false) {
                self.send_or_close(client_key, &content);
            }
        }
    }

    /// Nobody is there any more to be told that a message of a broadcast does not fit: the connection that cannot have
    /// it ends, rather than going on without it.
    fn send_or_close(&mut self, client_key: &ClientKey, content: &Content) {
        let Some(client) = self.clients.get(client_key) else {
            return;
        };
        let sent = self
            .check_load(client_key, content)
            .and_then(|()| self.push(client_key, client, content));
        if sent.is_err() {
            self.broadcasts.forget(client_key);
            self.disconnect(client_key, CloseReason::QueueFull, content.timestamp);
        }
    }

    fn check_length(&self, message: &[u8]) -> Result<(), SendError> {
        let (size, limit) = (message.len(), self.params.limits.message_bytes);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        Ok(())
    }

    /// Refuses a message that there is no room for in what is kept for a client.
    fn check_load(&self, client_key: &ClientKey, content: &Content) -> Result<(), SendError> {
        let limits = &self.params.limits;
        let Load { messages, bytes } = self.queues.load(client_key);
        if messages >= limits.queued_messages_per_client
            || bytes + content.len() > limits.queued_bytes_per_client
        {
            return Err(SendError::QueueFull(*client_key));
        }
        Ok(())
    }

    /// Refuses messages that the canister has no room for, given their number and the size of each.
    fn check_total(&self, messages: usize, size: usize) -> Result<(), SendError> {
        let limits = &self.params.limits;
        let queued = self.queues.total_load();
        // Saturating: where there are 32 bits, many messages can have more bytes than can be counted.
        let bytes = messages
            .saturating_mul(size)
            .saturating_add(queued.bytes)
            .saturating_add(self.broadcasts.bytes());
        let messages = messages + queued.messages + self.broadcasts.recipients();
        if bytes > limits.queued_bytes || messages > limits.queued_messages {
            return Err(SendError::QueuesFull);
        }
        Ok(())
    }

    /// Queues a message about the connection itself, for which there is always room.
    pub(super) fn push_service(
        &mut self,
        client_key: &ClientKey,
        client: ClientRecord,
        message: &WebsocketServiceMessageContent,
        now: u64,
    ) -> Result<(), SendError> {
        let content = Content::new(&candid::encode_one(message)?, now, true)?;
        self.push(client_key, client, &content)
    }

    fn push(
        &mut self,
        client_key: &ClientKey,
        mut client: ClientRecord,
        content: &Content,
    ) -> Result<(), SendError> {
        client.last_sent += 1;
        let (bytes, hash) = content.to_client(client_key, client.last_sent)?;
        self.queues
            .push(client.gateway, client_key, content.timestamp, &bytes, hash);
        self.clients.put(client_key, client);
        Ok(())
    }
}
