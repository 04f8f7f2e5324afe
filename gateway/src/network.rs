//! The HTTP interface of the Internet Computer, as far as a gateway needs it: calls that others signed, and
//! its own queries.
//!
//! Nothing is verified here, and no root key is needed: the gateway gains nothing by distrusting the network
//! that the clients, who verify everything, do not already have.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use candid::Principal;
use ic_certification::{Certificate, HashTree, LookupResult};
use ic_transport_types::{QueryResponse, RejectResponse, RequestId, TransportCallResponse};
use ic_ws_protocol::cbor::{self, CborError};
use reqwest::{Client, RequestBuilder, StatusCode, Url, header::CONTENT_TYPE};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use crate::{call::SignedCall, config::Limits};

/// The longest that [`backoff`] waits.
pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// What is quoted of an error page.
const MAX_QUOTED: usize = 300;

/// A client of one network.
#[derive(Debug)]
pub(crate) struct Network {
    http: Client,
    base: String,
    max_response_size: usize,
    call_timeout: Duration,
    last_answer: Mutex<Option<Instant>>,
}

/// The network has not done what was asked.
#[derive(Debug, Error)]
pub(crate) enum NetworkError {
    #[error("the network cannot be reached: {}", with_sources(.0))]
    Unreachable(#[from] reqwest::Error),
    #[error("the network answered {status}: {text}")]
    Status { status: StatusCode, text: String },
    #[error("the network's answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the network's answer is malformed: {0}")]
    Malformed(#[from] CborError),
    #[error("the network's certificate says nothing of the call")]
    NotCertified,
    #[error("{0}")]
    Rejected(Rejection),
    #[error("the network has not decided within {0:?}")]
    Undecided(Duration),
}

/// The network or the canister rejected a request.
#[derive(Debug, Error)]
#[error("rejected with code {code}: {message}")]
pub(crate) struct Rejection {
    /// As in the interface specification, "Reject codes".
    pub(crate) code: u64,
    pub(crate) message: String,
}

impl From<RejectResponse> for Rejection {
    fn from(reject: RejectResponse) -> Self {
        Self {
            code: reject.reject_code as u64,
            message: reject.reject_message,
        }
    }
}

impl NetworkError {
    /// Whether the request was understood, and denied.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Rejected(_) => true,
            Self::Status { status, .. } => status.is_client_error(),
            _ => false,
        }
    }

    /// Whether the same request may succeed later.
    fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }
}

/// How long to wait before another attempt.
pub(crate) fn backoff() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(MAX_BACKOFF)
        .with_jitter()
        .without_max_times()
        .build()
}

impl Network {
    pub(crate) fn new(url: &Url, limits: &Limits) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: Client::builder().timeout(limits.request_timeout).build()?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            max_response_size: limits.max_response_size,
            call_timeout: limits.call_timeout,
            last_answer: Mutex::default(),
        })
    }

    /// When the network last answered anything.
    pub(crate) fn last_answer(&self) -> Option<Instant> {
        *self
            .last_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the network's status.
    pub(crate) async fn probe(&self) -> Result<(), NetworkError> {
        let request = self.http.get(format!("{}/api/v2/status", self.base));
        self.send(request).await.map(drop)
    }

    /// Posts `call` until the network has decided it, and gives back the canister's reply.
    ///
    /// Posting a call again is safe: the network executes each request id once.
    pub(crate) async fn call(&self, call: &SignedCall) -> Result<Vec<u8>, NetworkError> {
        let path = format!("api/v4/canister/{}/call", call.canister);
        self.retry(|| async {
            let (status, body) = self.post(&path, call.envelope.clone()).await?;
            if status == StatusCode::ACCEPTED {
                return Ok(None);
            }
            match cbor::from_slice(&body)? {
                TransportCallResponse::Replied { certificate } => {
                    decision(&certificate, call.request_id)
                }
                TransportCallResponse::NonReplicatedRejection(reject) => {
                    Err(NetworkError::Rejected(reject.into()))
                }
                TransportCallResponse::Accepted => Ok(None),
            }
        })
        .await
    }

    /// Posts `call` until the network has accepted it for execution, which it does not wait for.
    pub(crate) async fn submit(&self, call: &SignedCall) -> Result<(), NetworkError> {
        let path = format!("api/v2/canister/{}/call", call.canister);
        self.retry(|| async { self.post(&path, call.envelope.clone()).await.map(Some) })
            .await
            .map(drop)
    }

    /// Posts a signed query to `canister` once, and gives back the canister's reply.
    pub(crate) async fn query(
        &self,
        canister: Principal,
        envelope: Vec<u8>,
    ) -> Result<Vec<u8>, NetworkError> {
        let path = format!("api/v3/canister/{canister}/query");
        let (_, body) = self.post(&path, envelope.into()).await?;
        match cbor::from_slice(&body)? {
            QueryResponse::Replied { reply, .. } => Ok(reply.arg),
            QueryResponse::Rejected { reject, .. } => Err(NetworkError::Rejected(reject.into())),
        }
    }

    /// Attempts until there is a result, an error that will not pass, or no more time.
    async fn retry<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, NetworkError>
    where
        F: Future<Output = Result<Option<T>, NetworkError>>,
    {
        let mut last_error = None;
        let attempts = async {
            for delay in backoff() {
                match attempt().await {
                    Ok(Some(result)) => return Ok(result),
                    Ok(None) => last_error = None,
                    Err(error) if error.is_transient() => last_error = Some(error),
                    Err(error) => return Err(error),
                }
                sleep(delay).await;
            }
            Err(NetworkError::Undecided(self.call_timeout))
        };
        timeout(self.call_timeout, attempts)
            .await
            .unwrap_or_else(|_| {
                Err(last_error.unwrap_or(NetworkError::Undecided(self.call_timeout)))
            })
    }

    async fn post(&self, path: &str, body: Bytes) -> Result<(StatusCode, Vec<u8>), NetworkError> {
        let request = self
            .http
            .post(format!("{}/{path}", self.base))
            .header(CONTENT_TYPE, "application/cbor")
            .body(body);
        self.send(request).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), NetworkError> {
        let mut response = request.send().await?;
        if !response.status().is_server_error() {
            let mut last_answer = self
                .last_answer
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *last_answer = Some(Instant::now());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > self.max_response_size {
                return Err(NetworkError::TooLarge(self.max_response_size));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        if status.is_success() {
            Ok((status, body))
        } else {
            let text = String::from_utf8_lossy(&body)
                .chars()
                .take(MAX_QUOTED)
                .collect();
            Err(NetworkError::Status { status, text })
        }
    }
}

/// What `certificate` says of the call `id`: its reply, its rejection, or nothing yet.
fn decision(certificate: &[u8], id: RequestId) -> Result<Option<Vec<u8>>, NetworkError> {
    let certificate: Certificate = cbor::from_slice(certificate)?;
    let tree = &certificate.tree;
    match lookup(tree, id, b"status")? {
        b"replied" => Ok(Some(lookup(tree, id, b"reply")?.to_vec())),
        b"rejected" => {
            let mut code = lookup(tree, id, b"reject_code")?;
            let message = lookup(tree, id, b"reject_message")?;
            Err(NetworkError::Rejected(Rejection {
                code: leb128::read::unsigned(&mut code).map_err(|_| NetworkError::NotCertified)?,
                message: String::from_utf8_lossy(message).into_owned(),
            }))
        }
        b"done" => Err(NetworkError::NotCertified),
        _ => Ok(None),
    }
}

fn lookup<'a>(tree: &'a HashTree, id: RequestId, name: &[u8]) -> Result<&'a [u8], NetworkError> {
    match tree.lookup_path([b"request_status", id.as_slice(), name]) {
        LookupResult::Found(value) => Ok(value),
        _ => Err(NetworkError::NotCertified),
    }
}

/// `reqwest` says only in its sources what went wrong.
fn with_sources(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
