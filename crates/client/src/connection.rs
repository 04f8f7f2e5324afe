//! What the application holds: a handle to send with, and a stream of events.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use candid::{CandidType, Principal};
use futures::{
    FutureExt, Stream,
    channel::{mpsc, oneshot},
};
use ic_ws_protocol::ClientKey;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{close_reason::CloseReason, config::Config, maybe_send::MaybeSend};

/// The application's message type: any owned Candid type.
///
/// A message that the canister was not known to have received when the connection was lost is sent again on the next
/// one. So the canister may get it twice, and needs something to know it by. Let the application put an id into each:
///
/// ```
/// # use candid::CandidType;
/// # use serde::Deserialize;
/// #[derive(CandidType, Deserialize)]
/// enum Message {
///     /// From the client. The canister remembers the last ids of each client, and ignores what it already has.
///     Post { id: u64, text: String },
/// }
/// ```
pub trait ApplicationMessage: CandidType + DeserializeOwned + MaybeSend + 'static {}
impl<T: CandidType + DeserializeOwned + MaybeSend + 'static> ApplicationMessage for T {}

/// What happened. The last event is [`Closed`](Self::Closed), always; before it, the connection may be lost and opened
/// any number of times.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<M> {
    /// The canister has opened the connection.
    Opened {
        /// The name of the connection.
        client_key: ClientKey,
        /// Who relays it.
        gateway: Principal,
        /// Whether it was open before. What the canister has sent since it was lost did not arrive, and has to be asked
        /// for. What this client has sent arrives.
        reopened: bool,
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
    /// The canister has received everything up to a message.
    Acknowledged {
        /// The [number](Sent::number) of the message.
        up_to: u64,
    },
    /// The canister has refused a message, or connections ended with it again and again. It is not sent once more.
    Refused {
        /// The [number](Sent::number) of the message.
        number: u64,
        /// The canister's reason, or that of the last connection's end.
        reason: String,
    },
    /// The connection is lost, or did not come about. It will be opened again.
    Reconnecting {
        /// Why.
        reason: CloseReason,
        /// The URL of the gateway to try next.
        gateway: String,
        /// How many attempts this makes since the connection was last stable.
        attempt: u32,
        /// How long to wait before it.
        wait: Duration,
    },
    /// The connection is over for good.
    Closed(CloseReason),
}

/// How the protocol stands on the present connection, or stood on the last one: for those who want to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// The sequence number of the last message to the canister, the protocol's own included.
    pub sent: u64,
    /// The sequence number of the last message from the canister, the protocol's own included.
    pub received: u64,
    /// The time of the latest certificate that was verified, in nanoseconds since 1970; 0 before the first one.
    pub certified_at: u64,
    /// Whether the gateway gives certified receipts.
    pub has_receipts: bool,
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
    /// [`Config::max_pending_messages`] or [`Config::max_pending_bytes`] are waiting for the canister.
    #[error("{messages} messages of {bytes} bytes are waiting for the canister")]
    QueueFull {
        /// How many are waiting.
        messages: usize,
        /// How many bytes they have together.
        bytes: usize,
    },
    /// The connection is over. The last event says why.
    #[error("the connection is closed")]
    Closed,
}

/// A message that was sent is not known to have arrived.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum DeliveryError {
    /// The canister has refused it.
    #[error("the canister refused the message: {0}")]
    Refused(String),
    /// The connection is over for good. The canister may have received the message, or not.
    #[error("the connection was closed before the canister acknowledged the message")]
    Closed,
}

/// A message on its way. Resolves when the canister has acknowledged it: at once where the gateway gives receipts, else
/// with the canister's next acknowledgement. May be dropped: the message is sent all the same.
#[derive(Debug)]
pub struct Sent {
    number: u64,
    outcome: oneshot::Receiver<Result<(), String>>,
}

impl Sent {
    /// Which message it is, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Future for Sent {
    type Output = Result<(), DeliveryError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.outcome.poll_unpin(cx).map(|outcome| match outcome {
            Ok(outcome) => outcome.map_err(DeliveryError::Refused),
            Err(oneshot::Canceled) => Err(DeliveryError::Closed),
        })
    }
}

/// A connection to a canister, to send with. Clones are handles to the same connection; it closes when the
/// last one is dropped.
pub struct Connection<M> {
    outbox: Arc<Mutex<Outbox>>,
    message: PhantomData<fn(&M)>,
}

/// What the application wants to be sent.
#[derive(Debug)]
pub(crate) enum Request {
    /// A message, in Candid, and whom to tell what became of it.
    Send(Vec<u8>, oneshot::Sender<Result<(), String>>),
    /// What to send first on every connection, in Candid.
    Greet(Vec<u8>),
}

/// What the driver of a connection takes from the application.
pub(crate) struct Requests {
    /// In the order in which they were made.
    pub queue: mpsc::UnboundedReceiver<Request>,
    outbox: Weak<Mutex<Outbox>>,
}

impl Requests {
    /// Lets go of what was requested, and of whatever will be.
    pub fn refuse_all(&mut self) {
        self.queue.close();
        while let Ok(_refused) = self.queue.try_recv() {}
    }

    /// The protocol now stands like this.
    pub fn publish(&self, status: Status) {
        if let Some(outbox) = self.outbox.upgrade() {
            lock(&outbox).status = status;
        }
    }

    /// A request of so many bytes is done with: there is room for another one.
    pub fn done(&self, bytes: usize) {
        if let Some(outbox) = self.outbox.upgrade() {
            let mut outbox = lock(&outbox);
            outbox.pending -= 1;
            outbox.pending_bytes -= bytes;
        }
    }
}

#[derive(Debug)]
struct Outbox {
    limits: Limits,
    /// Bounded by `limits`.
    queue: mpsc::UnboundedSender<Request>,
    /// How many requests are not done, and their bytes.
    pending: usize,
    pending_bytes: usize,
    /// How many messages there were.
    sent: u64,
    status: Status,
    /// Dropped to close.
    close: Option<oneshot::Sender<Infallible>>,
}

#[derive(Debug)]
struct Limits {
    pending: usize,
    pending_bytes: usize,
    message_bytes: usize,
}

impl Outbox {
    fn push(&mut self, size: usize, request: Request) -> Result<(), SendError> {
        if self.close.is_none() {
            return Err(SendError::Closed);
        }
        let limit = self.limits.message_bytes;
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        if self.pending >= self.limits.pending
            || self.pending_bytes.saturating_add(size) > self.limits.pending_bytes
        {
            return Err(SendError::QueueFull {
                messages: self.pending,
                bytes: self.pending_bytes,
            });
        }
        self.queue
            .unbounded_send(request)
            .map_err(|_| SendError::Closed)?;
        self.pending += 1;
        self.pending_bytes += size;
        Ok(())
    }
}

fn lock(outbox: &Mutex<Outbox>) -> MutexGuard<'_, Outbox> {
    // No code panics while it holds the lock, and nothing in it can be left half done.
    outbox.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the driver of a connection has in hand of the application.
pub(crate) struct DriverEnd<M> {
    pub requests: Requests,
    /// Resolves when the connection is to be closed.
    pub close: oneshot::Receiver<Infallible>,
    pub events: mpsc::Sender<Event<M>>,
}

/// Both ends of a connection: the application's, and the driver's.
pub(crate) fn channels<M>(config: &Config) -> (Connection<M>, Events<M>, DriverEnd<M>) {
    let (sender, queue) = mpsc::unbounded();
    // The one sender has a slot of its own beside those of the channel.
    let (events, receiver) = mpsc::channel(config.max_queued_events.saturating_sub(1));
    let (close, closed) = oneshot::channel();
    let outbox = Arc::new(Mutex::new(Outbox {
        limits: Limits {
            pending: config.max_pending_messages,
            pending_bytes: config.max_pending_bytes,
            message_bytes: config.max_message_bytes,
        },
        queue: sender,
        pending: 0,
        pending_bytes: 0,
        sent: 0,
        status: Status::default(),
        close: Some(close),
    }));
    let application_events = Events {
        receiver,
        outbox: Arc::downgrade(&outbox),
    };
    let requests = Requests {
        queue,
        outbox: Arc::downgrade(&outbox),
    };
    let connection = Connection {
        outbox,
        message: PhantomData,
    };
    let driver_end = DriverEnd {
        requests,
        close: closed,
        events,
    };
    (connection, application_events, driver_end)
}

impl<M: CandidType> Connection<M> {
    /// Sends `message`, after those before it, as soon as there is a connection; and again on the next one, until the
    /// canister has received it.
    ///
    /// # Errors
    /// When it cannot be encoded, is too large, too many are waiting, or the connection is over.
    pub fn send(&self, message: &M) -> Result<Sent, SendError> {
        self.send_encoded(candid::encode_one(message)?)
    }

    /// Makes `message` the first one on every connection from now on, the present one included: for a canister that wants
    /// to be told who comes. Takes the place of an earlier greeting. It is not a numbered message, and nobody is told
    /// when it has arrived.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn greet_with(&self, message: &M) -> Result<(), SendError> {
        self.greet_with_encoded(candid::encode_one(message)?)
    }
}

impl<M> Connection<M> {
    /// As [`send`](Self::send), of a message that is encoded already: in Candid, as `M` or any type that can be read as `M`.
    /// Candid carries the type of what it carries, and is paid for by the byte.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_encoded(&self, content: Vec<u8>) -> Result<Sent, SendError> {
        let (outcome, on_outcome) = oneshot::channel();
        let mut outbox = lock(&self.outbox);
        outbox.push(content.len(), Request::Send(content, outcome))?;
        outbox.sent += 1;
        Ok(Sent {
            number: outbox.sent,
            outcome: on_outcome,
        })
    }

    /// As [`greet_with`](Self::greet_with), of a message that is encoded already as for [`send_encoded`](Self::send_encoded).
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn greet_with_encoded(&self, content: Vec<u8>) -> Result<(), SendError> {
        lock(&self.outbox).push(content.len(), Request::Greet(content))
    }

    /// How the protocol stands.
    pub fn status(&self) -> Status {
        lock(&self.outbox).status
    }

    /// Closes the connection for good. Messages that are still waiting to be sent are not sent; events that happened
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
