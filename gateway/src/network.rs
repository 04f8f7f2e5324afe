//! The HTTP interface of the Internet Computer, as far as a gateway needs it: calls that others signed, and
//! its own queries.
//!
//! Nothing is verified here, and no root key is needed: the gateway gains nothing by distrusting the network
//! that the clients, who verify everything, do not already have.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use candid::Principal;
use ic_certification::Certificate;
use ic_transport_types::{QueryResponse, RejectResponse, RequestId, TransportCallResponse};
use ic_ws_protocol::{
    CallOutcome, OutcomeError, Rejection,
    cbor::{self, CborError},
};
use reqwest::{Client, RequestBuilder, StatusCode, Url, header::CONTENT_TYPE};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use crate::{call::SignedCall, config::Limits, quote::quote};

/// The longest that [`backoff`] waits.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// The reject code "SYS_TRANSIENT" of the interface specification: a retry may succeed.
const SYS_TRANSIENT: u64 = 2;

/// The network's codes for a canister that is stopped or stopping, as it is for some upgrades.
const STOPPED: [&str; 2] = ["IC0508", "IC0509"];

/// A client of one network.
#[derive(Debug)]
pub(crate) struct Network {
    http: Client,
    base: String,
    max_response_size: usize,
    poll_timeout: Duration,
    call_timeout: Duration,
    last_answer: Mutex<Option<Instant>>,
}

/// The network has not done what was asked.
#[derive(Debug, Error)]
pub(crate) enum NetworkError {
    #[error("the network cannot be reached: {}", with_sources(.0))]
    Unreachable(reqwest::Error),
    #[error("the network answered {status}: {text}")]
    Status { status: StatusCode, text: String },
    #[error("the network's answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the network's answer is malformed: {0}")]
    Malformed(#[from] CborError),
    #[error(transparent)]
    NoOutcome(#[from] OutcomeError),
    #[error("rejected with code {}: {}", .rejection.code, quote(&.rejection.message))]
    Rejected {
        rejection: Rejection,
        error_code: Option<String>,
    },
    #[error("the network has not decided within {0:?}")]
    Undecided(Duration),
    /// Nobody knows what becomes of a call that was posted before with another answer, or none.
    #[error("not decided, and refused when posted again: {0}")]
    RefusedAgain(Box<Self>),
}

/// How a call ended, and the proof of it.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) outcome: CallOutcome,
    pub(crate) certificate: Vec<u8>,
}

impl Decision {
    /// The canister's reply.
    pub(crate) fn into_reply(self) -> Result<Vec<u8>, NetworkError> {
        match self.outcome {
            CallOutcome::Replied(reply) => Ok(reply),
            CallOutcome::Rejected {
                rejection,
                error_code,
            } => Err(NetworkError::Rejected {
                rejection,
                error_code,
            }),
        }
    }
}

impl From<reqwest::Error> for NetworkError {
    /// The network's URL may have a key in it, and everyone is told of errors.
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

impl From<RejectResponse> for NetworkError {
    fn from(reject: RejectResponse) -> Self {
        Self::Rejected {
            rejection: Rejection {
                code: reject.reject_code as u64,
                message: reject.reject_message,
            },
            error_code: reject.error_code,
        }
    }
}

impl NetworkError {
    /// Why the request was understood, and denied; nothing if it was not.
    pub(crate) fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Rejected { rejection, .. } => Some(rejection.clone()),
            Self::Status { status, text } if status.is_client_error() => Some(Rejection {
                code: status.as_u16().into(),
                message: text.clone(),
            }),
            _ => None,
        }
    }

    /// Whether the network has not taken the request.
    fn is_refusal(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.is_connect(),
            error => error.rejection().is_some(),
        }
    }

    /// Whether such a request may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Undecided(_) => true,
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Rejected {
                rejection,
                error_code,
            } => {
                rejection.code == SYS_TRANSIENT
                    || error_code.as_deref().is_some_and(|e| STOPPED.contains(&e))
            }
            _ => false,
        }
    }
}

/// How long to wait before another attempt.
fn backoff() -> ExponentialBackoff {
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
            poll_timeout: limits.poll_timeout,
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

    /// Posts `call` until the network has decided it.
    ///
    /// Posting a call again is safe: the network executes each request id once. So one that was refused before it got
    /// an id, as the canister is stopped for an upgrade, say, is posted again; but the certified rejection of one that
    /// was not is final. One that the network may have taken is not refused any more, whatever it says of it later.
    pub(crate) async fn call(&self, call: &SignedCall) -> Result<Decision, NetworkError> {
        let path = format!("api/v4/canister/{}/call", call.canister);
        self.retry(&call.taken, || async {
            match self.post_call(&path, call).await? {
                TransportCallResponse::Replied { certificate } => {
                    decision(certificate, &call.request_id)
                }
                _ => Ok(None),
            }
        })
        .await
    }

    /// Posts `call` until the network has accepted it for execution, which it does not wait for.
    pub(crate) async fn submit(&self, call: &SignedCall) -> Result<(), NetworkError> {
        let path = format!("api/v2/canister/{}/call", call.canister);
        let post = || async { self.post_call(&path, call).await.map(Some) };
        self.retry(&call.taken, post).await.map(drop)
    }

    /// Posts `call` once. A rejection before execution is an error.
    async fn post_call(
        &self,
        path: &str,
        call: &SignedCall,
    ) -> Result<TransportCallResponse, NetworkError> {
        let request = self.request(path, call.envelope.clone());
        let (status, body) = self.send(request).await?;
        if status == StatusCode::ACCEPTED {
            return Ok(TransportCallResponse::Accepted);
        }
        match cbor::from_slice(&body)? {
            TransportCallResponse::NonReplicatedRejection(reject) => Err(reject.into()),
            response => Ok(response),
        }
    }

    /// Posts a signed poll of `canister` once, and gives back the canister's reply.
    pub(crate) async fn query(
        &self,
        canister: Principal,
        envelope: Vec<u8>,
    ) -> Result<Vec<u8>, NetworkError> {
        let path = format!("api/v3/canister/{canister}/query");
        let request = self.request(&path, envelope.into());
        let (_, body) = self.send(request.timeout(self.poll_timeout)).await?;
        match cbor::from_slice(&body)? {
            QueryResponse::Replied { reply, .. } => Ok(reply.arg),
            QueryResponse::Rejected { reject, .. } => Err(reject.into()),
        }
    }

    /// Attempts until there is a result, an error that will not pass, or no more time. `taken` becomes, and stays, true
    /// once an attempt was not refused.
    async fn retry<T, F>(
        &self,
        taken: &AtomicBool,
        attempt: impl Fn() -> F,
    ) -> Result<T, NetworkError>
    where
        F: Future<Output = Result<Option<T>, NetworkError>>,
    {
        let mut last_error = None;
        let mut is_posted = false;
        let attempts = async {
            for delay in backoff() {
                is_posted = true;
                let result = attempt().await;
                is_posted = false;
                if !result.as_ref().is_err_and(NetworkError::is_refusal) {
                    taken.store(true, Ordering::Relaxed);
                }
                match result {
                    Ok(Some(result)) => return Ok(result),
                    Ok(None) => last_error = None,
                    Err(error) if error.is_transient() => last_error = Some(error),
                    Err(error) => return Err(error),
                }
                sleep(delay).await;
            }
            Err(NetworkError::Undecided(self.call_timeout))
        };
        let result = timeout(self.call_timeout, attempts).await;
        let result = result.unwrap_or_else(|_| {
            Err(last_error.unwrap_or(NetworkError::Undecided(self.call_timeout)))
        });
        // The last attempt may have been cut off.
        let may_be_taken = is_posted || taken.load(Ordering::Relaxed);
        result.map_err(|error| match error.rejection() {
            Some(_) if may_be_taken => NetworkError::RefusedAgain(Box::new(error)),
            _ => error,
        })
    }

    fn request(&self, path: &str, body: Bytes) -> RequestBuilder {
        self.http
            .post(format!("{}/{path}", self.base))
            .header(CONTENT_TYPE, "application/cbor")
            .body(body)
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
            let text = quote(&String::from_utf8_lossy(&body)).to_owned();
            Err(NetworkError::Status { status, text })
        }
    }
}

/// What `certificate` says of the call `id`; nothing if that is not decided yet.
fn decision(certificate: Vec<u8>, id: &RequestId) -> Result<Option<Decision>, NetworkError> {
    let tree = cbor::from_slice::<Certificate>(&certificate)?.tree;
    Ok(CallOutcome::find(&tree, id)?.map(|outcome| Decision {
        outcome,
        certificate,
    }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn a_key_in_the_url_is_not_told() {
        let url = "http://user:word@127.0.0.1:1/key".parse().unwrap();
        let network = Network::new(&url, &Config::default().limits).unwrap();
        let error = network.probe().await.unwrap_err().to_string();
        assert!(
            error.starts_with("the network cannot be reached: "),
            "{error}"
        );
        for secret in ["key", "word"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
}
