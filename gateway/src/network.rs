//! The HTTP interface of the Internet Computer, as far as a gateway needs it: calls that others signed, and
//! its own queries.
//!
//! Nothing is verified here, and no root key is needed: the gateway gains nothing by distrusting the network
//! that the clients, who verify everything, do not already have.

mod error;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use candid::Principal;
use ic_certification::Certificate;
use ic_transport_types::{QueryResponse, RequestId, TransportCallResponse};
use ic_ws_protocol::{CallOutcome, cbor};
use reqwest::{Client, RequestBuilder, StatusCode, Url, header::CONTENT_TYPE};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use error::NetworkError;

use crate::{
    call::SignedCall,
    config::Limits,
    quote::quote,
    turns::{self, Turns},
};

/// The longest that [`backoff`] waits.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// A client of one network.
#[derive(Debug)]
pub(crate) struct Network {
    /// For calls, of which each takes a connection until it is answered.
    calls: Client,
    /// For all else, so that it waits for no call.
    http: Client,
    /// Of all calls.
    turns: Turns,
    base: String,
    max_response_size: usize,
    poll_timeout: Duration,
    call_timeout: Duration,
    last_answer: Mutex<Option<Instant>>,
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
        // More connections are opened than used when calls come in bursts; the network should not have to keep them.
        let idle = limits.max_calls / 4 + 1;
        let client = || {
            Client::builder()
                .timeout(limits.request_timeout)
                .pool_max_idle_per_host(idle)
                .build()
        };
        Ok(Self {
            calls: client()?,
            http: client()?,
            turns: Turns::new("of all clients", limits.max_calls),
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

    /// How many calls wait for an answer.
    pub(crate) fn calls_in_flight(&self) -> usize {
        self.turns.taken()
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
        self.retry(call, || async {
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
        self.retry(call, post).await.map(drop)
    }

    /// Posts `call` once. A rejection before execution is an error.
    async fn post_call(
        &self,
        path: &str,
        call: &SignedCall,
    ) -> Result<TransportCallResponse, NetworkError> {
        let request = self.request(&self.calls, path, call.envelope.clone());
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
        let request = self.request(&self.http, &path, envelope.into());
        let (_, body) = self.send(request.timeout(self.poll_timeout)).await?;
        match cbor::from_slice(&body)? {
            QueryResponse::Replied { reply, .. } => Ok(reply.arg),
            QueryResponse::Rejected { reject, .. } => Err(reject.into()),
        }
    }

    /// Attempts, each in its turn, until there is a result, an error that will not pass, or no more time. The call counts
    /// as taken once an attempt was not refused.
    async fn retry<T, F>(
        &self,
        call: &SignedCall,
        attempt: impl Fn() -> F,
    ) -> Result<T, NetworkError>
    where
        F: Future<Output = Result<Option<T>, NetworkError>>,
    {
        let taken = &call.taken;
        let mut last_error = Some(NetworkError::Busy(self.call_timeout));
        let mut is_posted = false;
        let attempts = async {
            for delay in backoff() {
                let turn = turns::take(self.turns_of(call)).await;
                last_error.take_if(|error| matches!(error, NetworkError::Busy(_)));
                is_posted = true;
                let result = attempt().await;
                is_posted = false;
                drop(turn);
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

    /// Of what `call` needs a turn.
    fn turns_of<'a>(&'a self, call: &'a SignedCall) -> Vec<&'a Turns> {
        let own = call.turns.iter().map(Arc::as_ref);
        own.chain([&self.turns]).collect()
    }

    fn request(&self, http: &Client, path: &str, body: Bytes) -> RequestBuilder {
        http.post(format!("{}/{path}", self.base))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::SignedCall, config::Config};

    #[tokio::test]
    async fn a_call_that_waits_too_long_for_its_turn_was_not_taken() {
        let mut limits = Config::default().limits;
        limits.max_calls = 1;
        limits.call_timeout = Duration::from_millis(50);
        let network = Network::new(&"http://127.0.0.1:1".parse().unwrap(), &limits).unwrap();
        let _turn = turns::take(vec![&network.turns]).await;
        let request_id = RequestId::new(&[0; 32]);
        let call = SignedCall::new(Principal::management_canister(), request_id, Bytes::new());
        let error = network.call(&call).await.unwrap_err();
        assert!(matches!(error, NetworkError::Busy(_)), "{error}");
        assert!(error.is_transient());
        assert!(error.to_string().contains("50ms"), "{error}");
        assert_eq!(error.rejection().unwrap().code, 503);
    }

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
