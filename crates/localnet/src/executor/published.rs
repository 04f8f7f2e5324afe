//! What the rest of the process sees of the executor's work: certified states, and canisters as they were in them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use ic_transport_types::RequestId;
use tokio::sync::{Notify, oneshot};

use super::past::{Past, Shown};
use crate::{canister::Canisters, certification::CertifiedState};

/// A certified state with the canisters as they are in it.
pub struct Published {
    /// The state.
    pub certified: Arc<CertifiedState>,
    /// The canisters, for queries.
    pub canisters: Canisters,
}

type Waiters = HashMap<RequestId, Vec<oneshot::Sender<Arc<CertifiedState>>>>;

/// The newest publication, and those who wait for a later one.
pub struct Publications {
    newest: RwLock<Arc<Published>>,
    waiters: Mutex<Waiters>,
    past: Mutex<Past>,
    renewed: Notify,
}

impl Publications {
    /// Begins with a first publication.
    pub fn new(first: Published) -> Self {
        Self {
            newest: RwLock::new(Arc::new(first)),
            waiters: Mutex::default(),
            past: Mutex::default(),
            renewed: Notify::new(),
        }
    }

    /// The newest publication.
    pub fn newest(&self) -> Arc<Published> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the newest publication and wakes those who wait for one of the `finished` requests.
    pub fn publish(&self, published: Published, finished: &[RequestId]) {
        let published = Arc::new(published);
        {
            // Under this lock, nobody begins to keep the past between one publication and the next.
            let mut past = self.past();
            past.record(&published);
            *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&published);
        }
        let mut waiters = self.waiters();
        if finished.is_empty() {
            // Nothing else to do: forget those who have stopped waiting.
            waiters.retain(|_, waiters| waiters.iter().any(|waiter| !waiter.is_closed()));
        }
        for waiter in finished
            .iter()
            .filter_map(|id| waiters.remove(id))
            .flatten()
        {
            // Whoever has stopped waiting does not need to know.
            let _ = waiter.send(Arc::clone(&published.certified));
        }
        drop(waiters);
        self.renewed.notify_waiters();
    }

    /// Gives a state with the request's outcome in it as soon as there is one.
    pub async fn outcome(&self, id: &RequestId) -> Option<Arc<CertifiedState>> {
        let waiter = {
            // Under this lock, no request can finish between the look at the newest state and the wait for a newer one.
            let mut waiters = self.waiters();
            let newest = self.newest();
            if newest.certified.has_finished(id) {
                return Some(Arc::clone(&newest.certified));
            }
            let (sender, receiver) = oneshot::channel();
            let others = waiters.entry(*id).or_default();
            others.retain(|other| !other.is_closed());
            others.push(sender);
            receiver
        };
        waiter.await.ok()
    }

    /// Waits for a publication of that time or later.
    pub async fn reached(&self, time_ns: u64) {
        loop {
            let renewed = self.renewed.notified();
            if self.newest().certified.time_ns() >= time_ns {
                return;
            }
            renewed.await;
        }
    }

    /// Keeps old publications from now on, as many as it takes to show the state as it was up to `span` ago.
    pub fn keep(&self, span: Duration) {
        let mut past = self.past();
        past.keep(span, self.newest());
    }

    /// The state as it was at `time_ns`, or, if that is not kept, as soon after it as possible.
    pub fn as_of(&self, time_ns: u64) -> Shown {
        self.past().as_of(time_ns).unwrap_or_else(|| Shown {
            published: self.newest(),
            next_ns: None,
        })
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
