//! The calls that users have submitted and the executor has not taken yet.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ic_transport_types::RequestId;

use super::NetworkLimits;
use crate::{
    network::CanisterCall,
    rejection::{ErrorCode, Rejection},
};

/// A call under its request id.
#[derive(Debug)]
pub struct Submission {
    /// The request id.
    pub id: RequestId,
    /// The call.
    pub call: CanisterCall,
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
    /// Calls that are received and whose result is not published, with the sizes of their arguments.
    unfinished: HashMap<RequestId, usize>,
    unfinished_bytes: usize,
    /// Requests whose status the network keeps.
    known: usize,
    woken: bool,
    closed: bool,
}

impl Content {
    fn admit(
        &mut self,
        submission: &Submission,
        limits: &NetworkLimits,
    ) -> Result<bool, Rejection> {
        if self.closed {
            return Err(Rejection::new(
                ErrorCode::CertifiedStateUnavailable,
                "the network is shutting down",
            ));
        }
        if self.unfinished.contains_key(&submission.id) {
            return Ok(false);
        }
        let bytes = submission.call.arg.len();
        self.check_room(bytes, limits)?;
        self.unfinished_bytes += bytes;
        self.unfinished.insert(submission.id, bytes);
        Ok(true)
    }

    fn check_room(&self, bytes: usize, limits: &NetworkLimits) -> Result<(), Rejection> {
        let full = |what: String| {
            let message = format!("the network has {what}, its limit; try again later");
            Err(Rejection::new(ErrorCode::IngressHistoryFull, message))
        };
        if self.unfinished.len() >= limits.ingress_queue {
            return full(format!("{} unfinished calls", limits.ingress_queue));
        }
        if self.unfinished_bytes + bytes > limits.ingress_bytes {
            let limit = limits.ingress_bytes;
            return full(format!("{limit} bytes of arguments of unfinished calls"));
        }
        if self.known + self.unfinished.len() >= limits.known_requests {
            return full(format!("{} known requests", limits.known_requests));
        }
        Ok(())
    }

    fn forget(&mut self, id: &RequestId) {
        let bytes = self.unfinished.remove(id).unwrap_or(0);
        self.unfinished_bytes -= bytes;
    }
}

/// A bounded queue that knows its calls until they are finished.
#[derive(Debug)]
pub struct Inbox {
    content: Mutex<Content>,
    changed: Condvar,
    limits: NetworkLimits,
}

impl Inbox {
    /// An empty inbox.
    pub fn new(limits: NetworkLimits) -> Self {
        Self {
            content: Mutex::default(),
            changed: Condvar::new(),
            limits,
        }
    }

    /// Whether a call is received and not finished.
    pub fn knows(&self, id: &RequestId) -> bool {
        self.content().unfinished.contains_key(id)
    }

    /// Puts a call in, unless it is there already.
    pub fn put(&self, submission: Submission) -> Result<(), Rejection> {
        let mut content = self.content();
        if content.admit(&submission, &self.limits)? {
            content.waiting.push_back(submission);
            drop(content);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Knows a call from now on, as if it were put in; `false` if it is known already. It is to be
    /// [delivered](Self::deliver) or [forgotten](Self::forget) later.
    pub fn admit(&self, submission: &Submission) -> Result<bool, Rejection> {
        self.content().admit(submission, &self.limits)
    }

    /// Puts admitted calls in.
    pub fn deliver(&self, submissions: impl IntoIterator<Item = Submission>) {
        self.content().waiting.extend(submissions);
        self.changed.notify_one();
    }

    /// Forgets an admitted call that will not be delivered.
    pub fn forget(&self, id: &RequestId) {
        self.content().forget(id);
    }

    /// Lets [`Self::take`] return, even without calls.
    pub fn wake(&self) {
        self.content().woken = true;
        self.changed.notify_one();
    }

    /// Waits for calls, at most as long as `wait`.
    pub fn take(&self, wait: Duration) -> Batch {
        let content = self.content();
        let idle =
            |content: &mut Content| content.waiting.is_empty() && !content.woken && !content.closed;
        let (mut content, _) = self
            .changed
            .wait_timeout_while(content, wait, idle)
            .unwrap_or_else(PoisonError::into_inner);
        content.woken = false;
        Batch {
            submissions: content.waiting.drain(..).collect(),
            closed: content.closed,
        }
    }

    /// Forgets calls whose results are published. The network now knows the status of `known` requests.
    pub fn settle(&self, finished: &[RequestId], known: usize) {
        let mut content = self.content();
        content.known = known;
        for id in finished {
            content.forget(id);
        }
    }

    /// Knows again, after a restart, what was received before it.
    pub fn restore(&self, unfinished: impl IntoIterator<Item = RequestId>) {
        let unfinished = unfinished.into_iter().map(|id| (id, 0));
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
