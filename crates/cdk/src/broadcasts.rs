//! Broadcasts that are under way: what one call of the canister could not deliver waits here for the next.

use std::collections::{BTreeMap, BTreeSet};

use ic_stable_structures::Memory;
use ic_ws_protocol::ClientKey;

use crate::storage::{BroadcastMessages, BroadcastRecipients, client_id, client_key};

pub(crate) struct Broadcasts<M: Memory> {
    messages: BroadcastMessages<M>,
    recipients: BroadcastRecipients<M>,
    /// What each broadcast has left. On the heap, and made again when the canister starts.
    remaining: BTreeMap<u64, Remaining>,
    recipients_left: usize,
    bytes_left: usize,
}

#[derive(Clone, Debug, Default)]
struct Remaining {
    recipients: BTreeSet<ClientKey>,
    message_bytes: usize,
}

impl<M: Memory> Broadcasts<M> {
    pub fn new(messages: M, recipients: M) -> Self {
        let messages = BroadcastMessages::init(messages);
        let recipients = BroadcastRecipients::init(recipients);
        let mut remaining = BTreeMap::<u64, Remaining>::new();
        for entry in messages.iter() {
            let (number, message) = entry.into_pair();
            remaining.entry(number).or_default().message_bytes = message.len();
        }
        let (mut recipients_left, mut bytes_left) = (0, 0);
        for (id, number) in recipients.keys() {
            let broadcast = remaining.entry(number).or_default();
            broadcast.recipients.insert(client_key(id));
            recipients_left += 1;
            bytes_left += broadcast.message_bytes;
        }
        Self {
            messages,
            recipients,
            remaining,
            recipients_left,
            bytes_left,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.recipients_left == 0
    }

    /// How many recipients are left.
    pub fn recipients(&self) -> usize {
        self.recipients_left
    }

    /// How many bytes of messages are still to be queued for them.
    pub fn bytes(&self) -> usize {
        self.bytes_left
    }

    /// Keeps `message` for `recipients`, which get it after what they wait for already.
    pub fn add(&mut self, message: Vec<u8>, recipients: &[ClientKey]) {
        if recipients.is_empty() {
            return;
        }
        let number = self
            .messages
            .last_key_value()
            .map_or(0, |(last, _)| last + 1);
        for recipient in recipients {
            self.recipients.insert((client_id(recipient), number), ());
        }
        let broadcast = Remaining {
            recipients: recipients.iter().copied().collect(),
            message_bytes: message.len(),
        };
        self.recipients_left += broadcast.recipients.len();
        self.bytes_left += broadcast.recipients.len() * broadcast.message_bytes;
        self.remaining.insert(number, broadcast);
        self.messages.insert(number, message);
    }

    /// Whether a client waits for a broadcast.
    pub fn awaits(&self, client: &ClientKey) -> bool {
        self.first_of(client).is_some()
    }

    /// The next message for a client, if it waits for one.
    pub fn take_for(&mut self, client: &ClientKey) -> Option<Vec<u8>> {
        let number = self.first_of(client)?;
        let message = self.message(number);
        self.remove(number, client);
        message
    }

    /// Some recipient of the first broadcast, and the number of that.
    pub fn first(&self) -> Option<(u64, ClientKey)> {
        let (number, broadcast) = self.remaining.first_key_value()?;
        Some((*number, *broadcast.recipients.first()?))
    }

    /// The message of a broadcast.
    pub fn message(&self, number: u64) -> Option<Vec<u8>> {
        self.messages.get(&number)
    }

    /// Lets a client wait for a broadcast no more. Without any recipients left, its message is dropped.
    pub fn remove(&mut self, number: u64, client: &ClientKey) {
        self.recipients.remove(&(client_id(client), number));
        let Some(broadcast) = self.remaining.get_mut(&number) else {
            return;
        };
        if broadcast.recipients.remove(client) {
            self.recipients_left -= 1;
            self.bytes_left -= broadcast.message_bytes;
        }
        if broadcast.recipients.is_empty() {
            self.remaining.remove(&number);
            self.messages.remove(&number);
        }
    }

    /// Lets a client wait for nothing any more.
    pub fn forget(&mut self, client: &ClientKey) {
        while let Some(number) = self.first_of(client) {
            self.remove(number, client);
        }
    }

    pub fn clear(&mut self) {
        self.messages.clear_new();
        self.recipients.clear_new();
        self.remaining.clear();
        self.recipients_left = 0;
        self.bytes_left = 0;
    }

    fn first_of(&self, client: &ClientKey) -> Option<u64> {
        // Mostly nobody waits.
        if self.remaining.is_empty() {
            return None;
        }
        let id = client_id(client);
        let mut numbers = self.recipients.keys_range((id, 0)..=(id, u64::MAX));
        numbers.next().map(|(_, number)| number)
    }
}
