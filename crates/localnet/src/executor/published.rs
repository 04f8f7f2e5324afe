//! What the rest of the process sees of the executor's work: certified states, and canisters as they were in them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use ic_transport_types::RequestId;
use tokio::sync::oneshot;

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
}

impl Publications {
    /// Begins with a first publication.
    pub fn new(first: Published) -> Self {
        Self {
            newest: RwLock::new(Arc::new(first)),
            waiters: Mutex::default(),
        }
    }

    /// The newest publication.
    pub fn newest(&self) -> Arc<Published> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the newest publication and wakes those who wait for one of the `finished` requests.
    pub fn publish(&self, published: Published, finished: &[RequestId]) {
        let published = Arc::new(published);
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&published);
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
    }

    /// Gives a state with the request's outcome in it as soon as there is one.
    pub async fn outcome(&self, id: &RequestId) -> Option<Arc<CertifiedState>> {
        let waiter = {
            // Under this lock, no request can finish between the look at the newest state and the wait for a newer one.
            let mut waiters = self.waiters();
            let newest = self.newest();
            if matches!(
                newest.certified.request_status(id),
                Some("replied" | "rejected" | "done")
            ) {
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

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
