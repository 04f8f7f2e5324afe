//! The calls that users have submitted and the executor has not taken yet.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ic_transport_types::RequestId;

use crate::{
    network::IngressCall,
    rejection::{ErrorCode, Rejection},
};

/// A call under its request id.
#[derive(Debug)]
pub struct Submission {
    /// The request id.
    pub id: RequestId,
    /// The call.
    pub call: IngressCall,
}

/// What the executor works on next.
#[derive(Debug)]
pub struct Batch {
    /// Calls, in the order they came.
    pub submissions: Vec<Submission>,
    /// Whether this is the last batch.
    pub closed: bool,
}

#[derive(Debug, Default)]
struct Content {
    waiting: VecDeque<Submission>,
    /// Calls that are received and whose result is not published.
    unfinished: HashSet<RequestId>,
    closed: bool,
}

/// A bounded queue that knows its calls until they are finished.
#[derive(Debug)]
pub struct Inbox {
    content: Mutex<Content>,
    changed: Condvar,
    capacity: usize,
}

impl Inbox {
    /// An inbox for at most `capacity` unfinished calls.
    pub fn new(capacity: usize) -> Self {
        Self {
            content: Mutex::default(),
            changed: Condvar::new(),
            capacity,
        }
    }

    /// Whether a call is received and not finished.
    pub fn knows(&self, id: &RequestId) -> bool {
        self.content().unfinished.contains(id)
    }

    /// Puts a call in, unless it is there already.
    pub fn put(&self, submission: Submission) -> Result<(), Rejection> {
        let mut content = self.content();
        if content.closed {
            return Err(Rejection::new(
                ErrorCode::CertifiedStateUnavailable,
                "the network is shutting down",
            ));
        }
        if content.unfinished.contains(&submission.id) {
            return Ok(());
        }
        if content.unfinished.len() >= self.capacity {
            let message = format!(
                "the network has {} unfinished calls, its limit; try again later",
                self.capacity
            );
            return Err(Rejection::new(ErrorCode::IngressHistoryFull, message));
        }
        content.unfinished.insert(submission.id);
        content.waiting.push_back(submission);
        drop(content);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for calls, at most as long as `wait`.
    pub fn take(&self, wait: Duration) -> Batch {
        let content = self.content();
        let idle = |content: &mut Content| content.waiting.is_empty() && !content.closed;
        let (mut content, _) = self
            .changed
            .wait_timeout_while(content, wait, idle)
            .unwrap_or_else(PoisonError::into_inner);
        Batch {
            submissions: content.waiting.drain(..).collect(),
            closed: content.closed,
        }
    }

    /// Forgets calls whose results are published.
    pub fn settle(&self, finished: &[RequestId]) {
        let mut content = self.content();
        for id in finished {
            content.unfinished.remove(id);
        }
    }

    /// Knows again, after a restart, what was received before it.
    pub fn restore(&self, unfinished: impl IntoIterator<Item = RequestId>) {
        self.content().unfinished.extend(unfinished);
    }

    /// Lets no more calls in.
    pub fn close(&self) {
        self.content().closed = true;
        self.changed.notify_all();
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
