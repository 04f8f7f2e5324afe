//! What waits for a client to read it: a bounded queue for each. The certificate of all messages of a poll is shared
//! between them until each is written to its socket, so that waiting messages cost little more than themselves.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use ic_ws_protocol::{CanisterFrame, Receipt, ReceiptFrame, cbor::CborError};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{
    budget::{Budget, Owner, Room},
    close::CloseReason,
    traces::Span,
    witness::Witness,
};

/// What proves the messages of one poll.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) certificate: Arc<[u8]>,
    pub(crate) witness: Witness,
}

/// Where to put what a client is to get. It is bounded: with what does not fit, the session ends.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Boxed, as the channel allocates room for many at once.
    waiting: mpsc::Sender<Box<Delivery>>,
    /// For what waits.
    memory: Arc<Budget>,
    closing: mpsc::Sender<CloseReason>,
    /// Nothing more can be delivered, as something is missing already.
    overflowed: AtomicBool,
}

/// The client's end of an [`Outbox`].
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) waiting: mpsc::Receiver<Box<Delivery>>,
    /// Why others than the session itself want it to end at once.
    pub(crate) closing: mpsc::Receiver<CloseReason>,
}

/// Something for a client, in its turn.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) content: Content,
    /// Its part of what may wait for the client, given back once it does not.
    pub(crate) _room: Room,
}

#[derive(Debug)]
pub(crate) enum Content {
    Message(ProvenMessage),
    Receipt(ReceiptFrame),
    /// The end of the session, for this reason.
    Close(CloseReason),
}

/// A canister's message.
#[derive(Debug)]
pub(crate) struct ProvenMessage {
    pub(crate) key: String,
    pub(crate) content: Vec<u8>,
    /// When the canister says that it sent it, in nanoseconds since 1970; 0 if it does not.
    pub(crate) timestamp: u64,
    /// Where it is on its way through the gateway.
    pub(crate) span: Span,
    pub(crate) certificate: Arc<[u8]>,
    /// For this message alone.
    pub(crate) tree: Bytes,
}

impl Outbox {
    /// For `max_messages` that take no more than `memory`.
    pub(crate) fn new(max_messages: usize, memory: Arc<Budget>) -> (Self, Inbox) {
        let (sender, waiting) = mpsc::channel(max_messages);
        // One reason is enough: the first.
        let (closing_sender, closing) = mpsc::channel(1);
        let outbox = Self {
            waiting: sender,
            memory,
            closing: closing_sender,
            overflowed: AtomicBool::new(false),
        };
        (outbox, Inbox { waiting, closing })
    }

    /// Whether what is put here may reach the client.
    pub(crate) fn is_open(&self) -> bool {
        !self.overflowed.load(Ordering::Relaxed) && !self.waiting.is_closed()
    }

    /// Lets `content` wait for the client to read it, and gives back whether it does.
    pub(crate) fn put(&self, content: Content) -> bool {
        if !self.is_open() {
            return false;
        }
        let room = match self.memory.try_take(content.size()) {
            Ok(room) => room,
            Err(owner) => return self.overflow(owner),
        };
        let delivery = Delivery {
            content,
            _room: room,
        };
        match self.waiting.try_send(Box::new(delivery)) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(_)) => self.overflow(Owner::Client),
        }
    }

    fn overflow(&self, owner: Owner) -> bool {
        self.overflowed.store(true, Ordering::Relaxed);
        let (messages, _) = self.waiting();
        self.close(CloseReason::SlowClient { owner, messages });
        false
    }

    /// Ends the session without waiting for the client to read what it has got.
    pub(crate) fn close(&self, reason: CloseReason) {
        // Where there is a reason already, the session is ending.
        self.closing.try_send(reason).ok();
    }

    /// Waits until the session has ended.
    pub(crate) async fn closed(&self) {
        self.waiting.closed().await;
    }

    /// How much waits for the client, and how many bytes that is.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let messages = self.waiting.max_capacity() - self.waiting.capacity();
        (messages, self.memory.used())
    }
}

impl Content {
    /// In bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Message(message) => {
                message.content.len() + message.certificate.len() + message.tree.len()
            }
            Self::Receipt(frame) => match &frame.receipt {
                Receipt::Certificate(certificate) => certificate.len(),
                Receipt::Rejection(rejection) => rejection.message.len(),
            },
            Self::Close(_) => 0,
        }
    }
}

impl ProvenMessage {
    /// The frame for the client.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CborError> {
        CanisterFrame::encode_parts(&self.key, &self.content, &self.certificate, &self.tree)
    }
}
