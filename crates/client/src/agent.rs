//! Queries and updates beside the socket, over the network's HTTP interface, with the same signer and as little trust:
//! updates are certified, queries signed by nodes of the subnet.

mod query;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use candid::Principal;
use futures::{
    future::{self, Either},
    pin_mut,
};
use ic_transport_types::{
    EnvelopeContent, QueryResponse, ReadStateResponse, RejectResponse, RequestId,
    TransportCallResponse,
};
use ic_ws_protocol::{
    CallOutcome, OutcomeError,
    cbor::{self, CborError},
    timing::MAX_CERTIFICATE_AGE,
    verify::{CertificateError, CertifiedState},
};
use serde::de::DeserializeOwned;
use thiserror::Error;

#[cfg(target_family = "wasm")]
use crate::browser::{Http, now, sleep};
#[cfg(not(target_family = "wasm"))]
use crate::native::{Http, now, sleep};
use crate::{
    core::{INGRESS_LIFETIME, NetworkTime, TimeError, TimeRequest, after, read_by_nobody},
    platform::HttpError,
    signer::{RandomError, SignError, Signer, random_u64},
};

/// How long the network may take to answer a request, the largest over a slow line included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait between two looks at a call that the network has not decided yet.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How long what is known of the network's time counts, by the device's clock. Should somebody set that meanwhile, it is
/// noticed, or does no harm.
const TIME_LIFETIME: Duration = Duration::from_secs(60);

/// How many canisters' nodes are remembered.
const MAX_KNOWN_CANISTERS: usize = 64;

/// Why there is no reply.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call could not be signed; [`SignError::SessionExpired`] among others.
    #[error(transparent)]
    Signing(#[from] SignError),
    /// No random number could be had to tell the call from others.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The network did not answer, or refused the request.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer cannot be decoded.
    #[error("the network's answer is malformed: {0}")]
    Malformed(#[from] CborError),
    /// The answer is not proved to come from the network.
    #[error("the network's answer is not proved: {0}")]
    Unproved(#[from] OutcomeError),
    /// The answer to a query is not proved to come from a node of the subnet.
    #[error("the answer to the query is not proved: {0}")]
    UnprovedQuery(&'static str),
    /// The canister, or the network, rejected the call.
    #[error("the call was rejected: {message} (code {code})")]
    Rejected {
        /// As in the interface specification, "Reject codes".
        code: u64,
        /// Why.
        message: String,
    },
    /// The network did not decide before the call expired. It may have been executed.
    #[error("the network did not decide on the call in time")]
    Undecided,
}

impl From<CertificateError> for CallError {
    fn from(error: CertificateError) -> Self {
        Self::Unproved(error.into())
    }
}

impl From<TimeError> for CallError {
    fn from(error: TimeError) -> Self {
        match error {
            TimeError::Malformed(error) => error.into(),
            TimeError::Certificate(error) => error.into(),
        }
    }
}

impl From<RejectResponse> for CallError {
    fn from(reject: RejectResponse) -> Self {
        Self::Rejected {
            code: reject.reject_code as u64,
            message: reject.reject_message,
        }
    }
}

/// Calls canisters of one network as one signer. At the network's time: a device whose clock is wrong is no obstacle.
///
/// ```no_run
/// use candid::{Decode, Encode, Principal};
/// use ic_ws_client::{Agent, Ed25519Signer};
///
/// # async fn example(canister: Principal, root_key: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let agent = Agent::new("https://icp-api.io", root_key, Ed25519Signer::generate()?);
/// let reply = agent.query(canister, "version", Encode!()?).await?;
/// println!("{}", Decode!(&reply, String)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Agent<S> {
    url: String,
    root_key: Vec<u8>,
    signer: S,
    http: Http,
    /// The network's time, and when it was measured by the device's clock.
    time: Mutex<Option<(NetworkTime, u64)>>,
    /// The keys of the nodes that answer for a canister, as far as they were needed.
    node_keys: Mutex<BTreeMap<Principal, Arc<NodeKeys>>>,
}

/// The public keys (DER) of a subnet's nodes.
type NodeKeys = BTreeMap<Principal, Vec<u8>>;

impl<S: Signer> Agent<S> {
    /// An agent of the network whose HTTP interface is at `url`, and whose public key (DER) is `root_key`.
    pub fn new(url: impl Into<String>, root_key: impl Into<Vec<u8>>, signer: S) -> Self {
        Self {
            url: url.into().trim_end_matches('/').to_owned(),
            root_key: root_key.into(),
            signer,
            http: Http::default(),
            time: Mutex::default(),
            node_keys: Mutex::default(),
        }
    }

    /// Calls an update method with the encoded argument `arg`, and gives back the encoded reply.
    ///
    /// # Errors
    /// When there is no reply, or it is not certified.
    pub async fn update(
        &self,
        canister: Principal,
        method: &str,
        arg: Vec<u8>,
    ) -> Result<Vec<u8>, CallError> {
        let time = self.time(canister).await?;
        let expiry = after(time.at(now()), INGRESS_LIFETIME);
        let call = EnvelopeContent::Call {
            nonce: Some(random_u64()?.to_be_bytes().to_vec()),
            ingress_expiry: expiry,
            sender: self.signer.principal(),
            canister_id: canister,
            method_name: method.to_owned(),
            arg,
            sender_info: None,
        };
        let id = call.to_request_id();
        let envelope = self.signer.sign(call).await?;
        let path = format!("v4/canister/{canister}/call");
        let decided = match self.post(&path, envelope).await? {
            TransportCallResponse::Replied { certificate } => {
                self.outcome(&certificate, &id, canister, time)?
            }
            TransportCallResponse::NonReplicatedRejection(reject) => return Err(reject.into()),
            TransportCallResponse::Accepted => None,
        };
        match decided {
            Some(reply) => Ok(reply),
            None => self.poll_outcome(&id, canister, time, expiry).await,
        }
    }

    /// Calls a query method with the encoded argument `arg`, and gives back the encoded reply, which a node of the subnet has
    /// signed.
    ///
    /// # Errors
    /// When there is no reply, or no node of the subnet has signed it.
    pub async fn query(
        &self,
        canister: Principal,
        method: &str,
        arg: Vec<u8>,
    ) -> Result<Vec<u8>, CallError> {
        if self.known_node_keys(canister).is_none() {
            self.fetch_node_keys(canister).await?;
        }
        let time = self.time(canister).await?;
        let query = EnvelopeContent::Query {
            ingress_expiry: after(time.at(now()), INGRESS_LIFETIME),
            sender: self.signer.principal(),
            canister_id: canister,
            method_name: method.to_owned(),
            arg,
            nonce: Some(random_u64()?.to_be_bytes().to_vec()),
            sender_info: None,
        };
        let id = query.to_request_id();
        let envelope = self.signer.sign(query).await?;
        let path = format!("v3/canister/{canister}/query");
        let response: QueryResponse = self.post(&path, envelope).await?;

        let is_known = |keys: &Arc<NodeKeys>| {
            let mut signatures = response.signatures().iter();
            signatures.all(|signature| keys.contains_key(&signature.identity))
        };
        let keys = match self.known_node_keys(canister).filter(is_known) {
            Some(keys) => keys,
            None => self.fetch_node_keys(canister).await?,
        };
        query::verify(&response, id, &keys, time.at(now())).map_err(CallError::UnprovedQuery)?;
        match response {
            QueryResponse::Replied { reply, .. } => Ok(reply.arg),
            QueryResponse::Rejected { reject, .. } => Err(reject.into()),
        }
    }

    /// What time it is for the network, which `canister` is on.
    async fn time(&self, canister: Principal) -> Result<NetworkTime, CallError> {
        if let Some(time) = self.known_time() {
            return Ok(time);
        }
        let sent = now();
        let request = TimeRequest::new(&self.url, canister);
        let answer = self.answer(&request.url, request.body).await?;
        let received = now();
        let time = NetworkTime::answered(&answer, canister, &self.root_key, sent, received)?;
        *lock(&self.time) = Some((time, received));
        Ok(time)
    }

    fn known_time(&self) -> Option<NetworkTime> {
        let (time, measured) = (*lock(&self.time))?;
        let counts = measured..after(measured, TIME_LIFETIME);
        counts.contains(&now()).then_some(time)
    }

    /// Asks until the call is decided, or has expired.
    async fn poll_outcome(
        &self,
        id: &RequestId,
        canister: Principal,
        time: NetworkTime,
        expiry: u64,
    ) -> Result<Vec<u8>, CallError> {
        let path = format!("v3/canister/{canister}/read_state");
        while time.at(now()) <= expiry {
            sleep(POLL_INTERVAL).await;
            let status = [b"request_status", id.as_slice()];
            let status = read_state(self.signer.principal(), &status, time.at(now()));
            let envelope = self.signer.sign(status).await?;
            let state: ReadStateResponse = self.post(&path, envelope).await?;
            if let Some(reply) = self.outcome(&state.certificate, id, canister, time)? {
                return Ok(reply);
            }
        }
        Err(CallError::Undecided)
    }

    /// The reply, if `certificate` holds one; nothing if the call is not decided.
    fn outcome(
        &self,
        certificate: &[u8],
        id: &RequestId,
        canister: Principal,
        time: NetworkTime,
    ) -> Result<Option<Vec<u8>>, CallError> {
        match self.verify(certificate, canister, time)?.outcome(id) {
            Ok(Some(CallOutcome::Replied(reply))) => Ok(Some(reply)),
            Ok(Some(CallOutcome::Rejected { rejection, .. })) => Err(CallError::Rejected {
                code: rejection.code,
                message: rejection.message,
            }),
            // The network may not have heard of the call yet.
            Ok(None) | Err(OutcomeError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn verify(
        &self,
        certificate: &[u8],
        canister: Principal,
        time: NetworkTime,
    ) -> Result<CertifiedState, CertificateError> {
        let state = CertifiedState::verify(certificate, canister, &self.root_key)?;
        state.check_age(time.at(now()), MAX_CERTIFICATE_AGE)?;
        Ok(state)
    }

    fn known_node_keys(&self, canister: Principal) -> Option<Arc<NodeKeys>> {
        lock(&self.node_keys).get(&canister).cloned()
    }

    /// Asks who the nodes are. The answer tells the time, too, if that is not known.
    async fn fetch_node_keys(&self, canister: Principal) -> Result<Arc<NodeKeys>, CallError> {
        let sent = now();
        let path = format!("v3/canister/{canister}/read_state");
        let state: ReadStateResponse = self.post(&path, read_by_nobody("subnet")).await?;
        let state = CertifiedState::verify(&state.certificate, canister, &self.root_key)?;
        match self.known_time() {
            Some(time) => state.check_age(time.at(now()), MAX_CERTIFICATE_AGE)?,
            None => {
                let received = now();
                let time = NetworkTime::told(&state, sent, received);
                *lock(&self.time) = Some((time, received));
            }
        }
        let keys = Arc::new(state.node_keys()?);
        let mut known = lock(&self.node_keys);
        if known.len() >= MAX_KNOWN_CANISTERS {
            known.clear();
        }
        known.insert(canister, Arc::clone(&keys));
        Ok(keys)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, CallError> {
        let url = format!("{}/api/{path}", self.url);
        Ok(cbor::from_slice(&self.answer(&url, body).await?)?)
    }

    async fn answer(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        let answer = self.http.post(url, body);
        let timeout = sleep(REQUEST_TIMEOUT);
        pin_mut!(answer, timeout);
        match future::select(answer, timeout).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(HttpError::Timeout(REQUEST_TIMEOUT)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds a lock, and nothing in it can be left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_state(sender: Principal, path: &[&[u8]], now: u64) -> EnvelopeContent {
    EnvelopeContent::ReadState {
        ingress_expiry: after(now, INGRESS_LIFETIME),
        sender,
        paths: vec![path.iter().map(|label| (*label).into()).collect()],
    }
}
