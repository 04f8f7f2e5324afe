//! Asks a canister for a page: a query first, an update call if the canister wants one, and more queries
//! for the rest of a page that is streamed.

use std::{io, sync::Arc};

use candid::{Encode, IDLArgs, Principal};
use futures::{Stream, TryStreamExt, stream};
use ic_transport_types::EnvelopeContent;

use super::{
    super::App,
    candid_http::{Chunk, DecodeError, HttpRequest, HttpResponse, Next},
};
use crate::network::{CanisterCall, Network, Rejection};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The canister, or the network on its behalf, has refused.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// The canister's answer makes no sense.
    #[error("the canister's answer is not one of the HTTP gateway protocol: {0}")]
    Answer(#[from] DecodeError),
    /// The request cannot be put into Candid, or made unique.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// The update call has had no outcome in time.
    #[error("the canister has not answered in time")]
    Timeout,
}

/// The rest of a page.
pub(super) struct Streaming {
    network: Arc<Network>,
    next: Next,
    max_chunks: usize,
}

/// The canister's answer, and what is still to be fetched of it.
pub(super) async fn ask(
    app: &App,
    canister: Principal,
    request: &HttpRequest,
) -> Result<(HttpResponse, Option<Streaming>), PageError> {
    let arg = Encode!(request).map_err(|error| PageError::Request(error.to_string()))?;
    let query = anonymous_call(canister, "http_request", arg.clone());
    let mut response = HttpResponse::decode(&app.network.query(query).await?)?;
    if response.upgrade {
        let call = anonymous_call(canister, "http_request_update", arg);
        response = HttpResponse::decode(&update(app, call).await?)?;
    }
    let streaming = response.next.take().map(|next| Streaming {
        network: app.network.clone(),
        next,
        max_chunks: app.limits.max_streamed_chunks,
    });
    Ok((response, streaming))
}

impl Streaming {
    /// One query per chunk, each made when the browser has taken the one before it.
    pub fn into_chunks(self) -> impl Stream<Item = io::Result<Vec<u8>>> {
        let Self {
            network,
            next,
            max_chunks,
        } = self;
        let start = (network, next.canister, next.method, Some(next.token), 0);
        stream::try_unfold(
            start,
            move |(network, canister, method, token, count)| async move {
                let Some(token) = token else {
                    return Ok(None);
                };
                if count == max_chunks {
                    return Err(PageError::Request(format!(
                        "the page has more than {max_chunks} chunks"
                    )));
                }
                let arg = IDLArgs::new(&[token])
                    .to_bytes()
                    .map_err(|error| PageError::Request(error.to_string()))?;
                let query = anonymous_call(canister, &method, arg);
                let chunk = Chunk::decode(&network.query(query).await?)?;
                let rest = (network, canister, method, chunk.token, count + 1);
                Ok(Some((chunk.body, rest)))
            },
        )
        .inspect_err(|error| tracing::warn!("a streamed page ends early: {error}"))
        .map_err(io::Error::other)
    }
}

async fn update(app: &App, call: CanisterCall) -> Result<Vec<u8>, PageError> {
    let mut nonce = vec![0; 32];
    getrandom::fill(&mut nonce).map_err(|error| PageError::Request(error.to_string()))?;
    let id = EnvelopeContent::Call {
        nonce: Some(nonce),
        ingress_expiry: app.network.now_ns() + app.ingress_limits.max_ingress_ttl_ns,
        sender: call.sender,
        canister_id: call.canister_id,
        method_name: call.method_name.clone(),
        arg: call.arg.clone(),
        sender_info: None,
    }
    .to_request_id();
    app.network.submit(id, call).await?;
    let outcome = app.network.outcome(&id, app.limits.call_timeout).await;
    match outcome.and_then(|state| state.outcome(&id)) {
        Some(reply) => Ok(reply?),
        None => Err(PageError::Timeout),
    }
}

fn anonymous_call(canister_id: Principal, method: &str, arg: Vec<u8>) -> CanisterCall {
    CanisterCall {
        sender: Principal::anonymous(),
        canister_id,
        method_name: method.to_owned(),
        arg,
        effective_id: canister_id,
    }
}
