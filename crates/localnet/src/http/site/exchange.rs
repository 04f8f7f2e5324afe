//! Asks a canister for a page: a query first, an update call if the canister wants one, and more queries
//! for the rest of a page that is streamed.

use std::{pin::pin, sync::Arc};

use candid::{CandidType, Encode, IDLArgs, Principal};
use futures::{Stream, TryStreamExt, stream};
use ic_http_certification::{HttpRequest, HttpUpdateRequest};
use ic_transport_types::EnvelopeContent;
use tokio::task::{JoinError, spawn_blocking};

use super::{
    super::{
        App,
        body_memory::{OutOfBodyMemory, Share},
    },
    address::Site,
    candid_http::{AnswerError, Chunk, HttpResponse, Next},
    verification::{VerificationError, verify},
};
use crate::network::{CanisterCall, Rejection};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The canister, or the network on its behalf, has refused.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// The canister's answer makes no sense.
    #[error("the canister's answer is not one of the HTTP gateway protocol: {0}")]
    Answer(#[from] AnswerError),
    /// The canister has not certified its answer.
    #[error("{0}")]
    Unverified(#[from] VerificationError),
    /// Verification has not come to an end.
    #[error("the verification has failed: {0}")]
    Verification(#[from] JoinError),
    /// There is no room for the answer.
    #[error("{0}")]
    Memory(#[from] OutOfBodyMemory),
    /// The request cannot be put into Candid, or made unique.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// The update call has had no outcome in time.
    #[error("the canister has not answered in time")]
    Timeout,
}

/// A conversation with the canister of a site.
#[derive(Clone)]
pub(super) struct Exchange {
    pub app: Arc<App>,
    pub site: Site,
}

impl Exchange {
    /// The canister's answer, as far as it may be shown, and what its body takes. It is verified, unless the site is
    /// raw; only then is more to follow, by `next`.
    pub async fn ask(
        &self,
        request: &HttpRequest<'static>,
    ) -> Result<(HttpResponse, Share), PageError> {
        let answer = self.query("http_request", encode(request)?).await?;
        let mut response = HttpResponse::decode(&answer)?;
        let is_updated = response.upgrade;
        if is_updated {
            response = self.update(request.clone().into()).await?;
        }
        let mut share = self.app.body_memory.take(response.body.len())?;
        if self.site.raw {
            return Ok((response, share));
        }
        let next = response.next.take();
        if is_updated {
            // The outcome of an update call is certified by the network itself, but not what queries add to it.
            return match next {
                None => Ok((response, share)),
                Some(_) => Err(VerificationError::Continued.into()),
            };
        }
        self.collect(&mut response.body, &mut share, next).await?;
        let (network, canister) = (Arc::clone(&self.app.network), self.site.canister);
        let (request, limit) = (request.clone(), self.app.limits.max_verified_bytes);
        // Off the async threads: it hashes the whole body.
        let verify = move || verify(&network, canister, request, response, limit);
        Ok((spawn_blocking(verify).await??, share))
    }

    /// Appends all the chunks that follow to the first part of a body.
    async fn collect(
        &self,
        body: &mut Vec<u8>,
        share: &mut Share,
        next: Option<Next>,
    ) -> Result<(), PageError> {
        let limit = self.app.limits.max_verified_bytes;
        let mut chunks = pin!(self.chunks(next));
        while let Some((chunk, its_share)) = chunks.try_next().await? {
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(AnswerError::TooLong(limit).into());
            }
            body.extend(chunk);
            share.merge(its_share);
        }
        Ok(())
    }

    /// What follows the first part of a body: one query per chunk, each made when the chunk before it has been taken.
    pub fn chunks(
        &self,
        next: Option<Next>,
    ) -> impl Stream<Item = Result<(Vec<u8>, Share), PageError>> + Send + use<> {
        let start = (self.clone(), next, 0);
        stream::try_unfold(start, |(exchange, next, count)| async move {
            let Some(Next {
                canister,
                method,
                token,
            }) = next
            else {
                return Ok(None);
            };
            exchange.check_count(count)?;
            if canister != exchange.site.canister {
                return Err(AnswerError::Callback(canister).into());
            }
            let arg = IDLArgs::new(&[token]).to_bytes().map_err(unsendable)?;
            let chunk = Chunk::decode(&exchange.query(&method, arg).await?)?;
            let share = exchange.app.body_memory.take(chunk.body.len())?;
            let next = chunk.token.map(|token| Next {
                canister,
                method,
                token,
            });
            Ok(Some(((chunk.body, share), (exchange, next, count + 1))))
        })
    }

    /// Refuses the next chunk after `count` of them if those were enough.
    pub fn check_count(&self, count: usize) -> Result<(), AnswerError> {
        let limit = self.app.limits.max_streamed_chunks;
        if count < limit {
            Ok(())
        } else {
            Err(AnswerError::TooManyChunks(limit))
        }
    }

    async fn query(&self, method: &str, arg: Vec<u8>) -> Result<Vec<u8>, Rejection> {
        self.app.network.query(self.call(method, arg)).await
    }

    async fn update(&self, request: HttpUpdateRequest<'_>) -> Result<HttpResponse, PageError> {
        let call = self.call("http_request_update", encode(&request)?);
        let mut nonce = vec![0; 32];
        getrandom::fill(&mut nonce).map_err(unsendable)?;
        let id = EnvelopeContent::Call {
            nonce: Some(nonce),
            ingress_expiry: call.ingress_expiry_ns,
            sender: call.sender,
            canister_id: call.canister_id,
            method_name: call.method_name.clone(),
            arg: call.arg.clone(),
            sender_info: None,
        }
        .to_request_id();
        self.app.network.submit(id, call).await?;
        match self
            .app
            .outcome(&id)
            .await
            .and_then(|state| state.outcome(&id))
        {
            Some(reply) => Ok(HttpResponse::decode(&reply?)?),
            None => Err(PageError::Timeout),
        }
    }

    fn call(&self, method: &str, arg: Vec<u8>) -> CanisterCall {
        let App {
            network,
            ingress_limits,
            ..
        } = &*self.app;
        CanisterCall {
            sender: Principal::anonymous(),
            canister_id: self.site.canister,
            method_name: method.to_owned(),
            arg,
            effective_id: self.site.canister,
            ingress_expiry_ns: network.now_ns() + ingress_limits.max_ingress_ttl_ns,
        }
    }
}

fn encode(request: &impl CandidType) -> Result<Vec<u8>, PageError> {
    Encode!(request).map_err(unsendable)
}

fn unsendable(error: impl ToString) -> PageError {
    PageError::Request(error.to_string())
}
