//! The messages of all queues, in the order in which they were queued: the one that expires next is the first.

use ic_certification::Hash;
use ic_stable_structures::Memory;
use ic_ws_protocol::{ClientKey, MessageKey};

use super::{
    fields::{Fields, PRINCIPAL_BYTES, PutFields as _},
    ring::Ring,
};

/// What stands before the content of each message.
const HEADER_BYTES: usize = 2 * (PRINCIPAL_BYTES + size_of::<u64>())
    + size_of::<u64>()
    + size_of::<Hash>()
    + size_of::<u64>();

/// What is known of a queued message besides the CBOR that is certified, its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueuedMessage {
    /// Its place in the queue of which gateway.
    pub key: MessageKey,
    /// The connection to deliver it to.
    pub client_key: ClientKey,
    /// When it was queued, in nanoseconds since 1970.
    pub timestamp: u64,
    /// Of its content: what is certified need not be hashed again when the canister starts.
    pub hash: Hash,
    /// How long its content is.
    pub bytes: usize,
}

pub(crate) struct MessageLog<M: Memory>(Ring<M>);

impl<M: Memory> MessageLog<M> {
    pub fn init(memory: M) -> Self {
        Self(Ring::init(memory))
    }

    pub fn into_memory(self) -> M {
        self.0.into_memory()
    }

    /// Adds a message; gives its position. Its timestamp must be no earlier than the last one's.
    pub fn push(&mut self, message: &QueuedMessage, content: &[u8]) -> u64 {
        let mut record = Vec::with_capacity(HEADER_BYTES + content.len());
        record.put_u64(content.len() as u64);
        record.put_principal(message.key.gateway);
        record.put_u64(message.key.nonce);
        record.put_principal(message.client_key.client_principal);
        record.put_u64(message.client_key.client_nonce);
        record.put_u64(message.timestamp);
        record.extend_from_slice(&message.hash);
        record.extend_from_slice(content);
        self.0.push(&record)
    }

    /// The message at a position.
    pub fn get(&self, position: u64) -> QueuedMessage {
        let mut header = [0; HEADER_BYTES];
        self.0.read(position, &mut header);
        let mut fields = Fields(&header);
        let bytes = fields.u64() as usize;
        QueuedMessage {
            key: MessageKey {
                gateway: fields.principal(),
                nonce: fields.u64(),
            },
            client_key: ClientKey {
                client_principal: fields.principal(),
                client_nonce: fields.u64(),
            },
            timestamp: fields.u64(),
            hash: fields.array(),
            bytes,
        }
    }

    /// The content of the `message` at a position.
    pub fn content(&self, position: u64, message: &QueuedMessage) -> Vec<u8> {
        let mut content = vec![0; message.bytes];
        self.0.read(position + HEADER_BYTES as u64, &mut content);
        content
    }

    /// The message that was queued first.
    pub fn first(&self) -> Option<QueuedMessage> {
        (self.0.start() < self.0.end()).then(|| self.get(self.0.start()))
    }

    /// Removes the first message, which is this one.
    pub fn remove_first(&mut self, message: &QueuedMessage) {
        let start = self.0.start();
        self.0.remove_before(after(start, message));
    }

    /// All messages and their positions.
    pub fn iter(&self) -> impl Iterator<Item = (u64, QueuedMessage)> + '_ {
        let mut next = self.0.start();
        std::iter::from_fn(move || {
            let position = next;
            let message = (position < self.0.end()).then(|| self.get(position))?;
            next = after(position, &message);
            Some((position, message))
        })
    }

    /// Removes all messages.
    pub fn clear(&mut self) {
        self.0.remove_before(self.0.end());
    }
}

/// Where the message after the one at a position is.
fn after(position: u64, message: &QueuedMessage) -> u64 {
    position + (HEADER_BYTES + message.bytes) as u64
}

#[cfg(test)]
mod tests {
    use candid::Principal;
    use ic_stable_structures::VectorMemory;

    use super::*;

    #[test]
    fn a_message_is_read_as_written_however_long_its_principals_are() {
        let memory = VectorMemory::default();
        let mut log = MessageLog::init(memory.clone());
        let mut pushed = Vec::new();
        for length in [0, 1, 10, 29] {
            let content = vec![length; 1000 * usize::from(length)];
            let message = QueuedMessage {
                key: MessageKey {
                    gateway: Principal::from_slice(&vec![8; usize::from(length)]),
                    nonce: u64::MAX,
                },
                client_key: ClientKey {
                    client_principal: Principal::from_slice(&vec![7; usize::from(length)]),
                    client_nonce: 3,
                },
                timestamp: 2,
                hash: [length; 32],
                bytes: content.len(),
            };
            let position = log.push(&message, &content);
            assert_eq!(log.content(position, &message), content);
            pushed.push((position, message));
        }
        let mut log = MessageLog::init(memory);
        assert_eq!(log.iter().collect::<Vec<_>>(), pushed);
        for (_, message) in pushed {
            assert_eq!(log.first(), Some(message));
            log.remove_first(&message);
        }
        assert_eq!(log.first(), None);
    }
}
