//! What the application holds: a handle to send with, and a stream of events.

use std::{
    convert::Infallible,
    fmt,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
};

use candid::{CandidType, Principal};
use futures::{
    Stream,
    channel::{mpsc, oneshot},
};
use ic_ws_protocol::ClientKey;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{close_reason::CloseReason, config::Config, maybe_send::MaybeSend};

/// The application's message type: any owned Candid type.
pub trait ApplicationMessage: CandidType + DeserializeOwned + MaybeSend + 'static {}
impl<T: CandidType + DeserializeOwned + MaybeSend + 'static> ApplicationMessage for T {}

/// What happened to the connection. The first event is [`Opened`](Self::Opened), unless it never opens;
/// the last one is [`Closed`](Self::Closed), always.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<M> {
    /// The canister has opened the connection.
    Opened {
        /// The name of the connection.
        client_key: ClientKey,
        /// Who relays it.
        gateway: Principal,
    },
    /// The canister sent a message.
    Message(M),
    /// The canister sent a message that is not an `M`, such as one of a newer version. The connection stays open.
    Undecodable {
        /// The message as the canister sent it.
        content: Vec<u8>,
        /// Why it is not an `M`.
        error: candid::Error,
    },
    /// The canister has received everything up to a sequence number. The protocol's own messages have
    /// sequence numbers too.
    Acknowledged {
        /// The last sequence number received.
        up_to: u64,
    },
    /// The connection is over.
    Closed(CloseReason),
}

/// A message was not taken for sending.
#[derive(Debug, Error)]
pub enum SendError {
    /// It cannot be encoded as Candid.
    #[error("the message cannot be encoded: {0}")]
    Encode(#[from] candid::Error),
    /// It is larger than [`Config::max_message_bytes`].
    #[error("the message has {size} bytes, {limit} are allowed")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The configured limit.
        limit: usize,
    },
    /// [`Config::max_queued_messages`] are waiting to be sent.
    #[error("{0} messages are waiting to be sent")]
    QueueFull(usize),
    /// The connection is over. The last event says why.
    #[error("the connection is closed")]
    Closed,
}

/// A connection to a canister, to send with. Clones are handles to the same connection; it closes when the
/// last one is dropped.
pub struct Connection<M> {
    outbox: Arc<Mutex<Outbox>>,
    max_queued_messages: usize,
    max_message_bytes: usize,
    message: PhantomData<fn(&M)>,
}

/// What the driver of a connection takes from the application.
pub(crate) struct Requests {
    /// Messages to send, in Candid.
    pub messages: mpsc::Receiver<Vec<u8>>,
    /// Resolves when the connection is to be closed.
    pub close: oneshot::Receiver<Infallible>,
}

#[derive(Debug)]
struct Outbox {
    messages: mpsc::Sender<Vec<u8>>,
    /// Dropped to close.
    close: Option<oneshot::Sender<Infallible>>,
}

fn lock(outbox: &Mutex<Outbox>) -> MutexGuard<'_, Outbox> {
    // No code panics while it holds the lock, and nothing in it can be left half done.
    outbox.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both ends of a connection: the application's, and the driver's.
pub(crate) fn channels<M>(
    config: &Config,
) -> (Connection<M>, Events<M>, Requests, mpsc::Sender<Event<M>>) {
    // The one sender of each channel has a slot of its own beside those of the channel.
    let (messages, queued) = mpsc::channel(config.max_queued_messages.saturating_sub(1));
    let (events, receiver) = mpsc::channel(config.max_queued_events.saturating_sub(1));
    let (close, closed) = oneshot::channel();
    let outbox = Arc::new(Mutex::new(Outbox {
        messages,
        close: Some(close),
    }));
    let application_events = Events {
        receiver,
        outbox: Arc::downgrade(&outbox),
    };
    let connection = Connection {
        outbox,
        max_queued_messages: config.max_queued_messages,
        max_message_bytes: config.max_message_bytes,
        message: PhantomData,
    };
    let requests = Requests {
        messages: queued,
        close: closed,
    };
    (connection, application_events, requests, events)
}

impl<M: CandidType> Connection<M> {
    /// Queues `message`. It is sent as soon as the connection is open, after those before it.
    ///
    /// # Errors
    /// When it cannot be encoded, is too large, too many are waiting, or the connection is over.
    pub fn send(&self, message: &M) -> Result<(), SendError> {
        let content = candid::encode_one(message)?;
        if content.len() > self.max_message_bytes {
            return Err(SendError::TooLarge {
                size: content.len(),
                limit: self.max_message_bytes,
            });
        }
        let mut outbox = lock(&self.outbox);
        if outbox.close.is_none() {
            return Err(SendError::Closed);
        }
        outbox.messages.try_send(content).map_err(|e| {
            if e.is_full() {
                SendError::QueueFull(self.max_queued_messages)
            } else {
                SendError::Closed
            }
        })
    }
}

impl<M> Connection<M> {
    /// Closes the connection. Messages that are still waiting to be sent are not sent; events that happened
    /// before can still be read.
    pub fn close(&self) {
        lock(&self.outbox).close = None;
    }
}

impl<M> Clone for Connection<M> {
    fn clone(&self) -> Self {
        Self {
            outbox: Arc::clone(&self.outbox),
            ..*self
        }
    }
}

/// Handles are equal when they belong to the same connection.
impl<M> PartialEq for Connection<M> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.outbox, &other.outbox)
    }
}

impl<M> Eq for Connection<M> {}

impl<M> fmt::Debug for Connection<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// The events of a connection. Ends after [`Event::Closed`]. Dropping it closes the connection.
#[derive(Debug)]
pub struct Events<M> {
    receiver: mpsc::Receiver<Event<M>>,
    outbox: Weak<Mutex<Outbox>>,
}

impl<M> Drop for Events<M> {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.upgrade() {
            lock(&outbox).close = None;
        }
    }
}

impl<M> Stream for Events<M> {
    type Item = Event<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event<M>>> {
        Pin::new(&mut self.receiver).poll_next(cx)
    }
}
