//! The edge of the network: where calls come in, and state goes out.

use std::sync::Arc;

use ic_transport_types::RequestId;

use super::injector::Injector;
use crate::{
    certification::CertifiedState,
    executor::{Inbox, Publications, Published, Submission},
    network::CanisterCall,
    rejection::Rejection,
};

/// The way to the executor and back.
pub struct Edge {
    inbox: Arc<Inbox>,
    publications: Arc<Publications>,
    injector: Option<Arc<Injector>>,
}

/// How far behind the executor somebody sees the state, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Age(pub u64);

impl Edge {
    /// Passes everything on between users and executor, if there is no `injector` of faults.
    pub fn new(
        inbox: Arc<Inbox>,
        publications: Arc<Publications>,
        injector: Option<Arc<Injector>>,
    ) -> Self {
        Self {
            inbox,
            publications,
            injector,
        }
    }

    /// Whether the executor has a call, or will get it, or has finished it.
    pub fn knows(&self, id: &RequestId) -> bool {
        let newest = self.publications.newest();
        self.inbox.knows(id) || newest.certified.request_status(id).is_some()
    }

    /// Sends a call to the executor.
    pub fn submit(&self, submission: Submission) -> Result<(), Rejection> {
        match &self.injector {
            None => self.inbox.put(submission),
            Some(injector) => injector.submit(submission),
        }
    }

    /// How old the state is that answers a query.
    pub fn query_age(&self, call: &CanisterCall) -> Age {
        let injector = self.injector.as_ref();
        injector.map_or(Age::default(), |injector| injector.query_age(call))
    }

    /// The published state, at least that old.
    pub fn state(&self, age: Age) -> Arc<Published> {
        match &self.injector {
            Some(injector) if age != Age::default() => injector.state(age).published,
            _ => self.publications.newest(),
        }
    }

    /// The certified state for somebody who asks for the status of a request, or for none.
    pub fn certified(&self, request: Option<&RequestId>) -> Arc<CertifiedState> {
        let injector = self.injector.as_ref();
        let age = injector.map_or(Age::default(), |injector| injector.answer_age(request));
        Arc::clone(&self.state(age).certified)
    }

    /// Gives a state with the request's outcome in it as soon as there is one to be seen.
    pub async fn outcome(&self, id: &RequestId) -> Option<Arc<CertifiedState>> {
        let state = self.publications.outcome(id).await?;
        match &self.injector {
            None => Some(state),
            Some(injector) => Some(injector.until_shown(id).await),
        }
    }

    /// Lets no more calls in.
    pub fn close(&self) {
        if let Some(injector) = &self.injector {
            injector.close();
        }
        self.inbox.close();
    }

    /// Who decides about faults, if there are any.
    pub fn injector(&self) -> Option<&Arc<Injector>> {
        self.injector.as_ref()
    }
}
