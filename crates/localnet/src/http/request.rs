//! From an HTTP body to an authenticated request.

use axum::{body::Body, http::StatusCode};
use futures::StreamExt;
use ic_transport_types::{EnvelopeContent, RequestId};
use tokio::time::timeout;

use super::{App, body_memory::Share, effective_id::EffectiveId, error::HttpError};
use crate::{
    ingress::{self, AuthenticatedRequest, IngressError},
    network::CanisterCall,
};

/// How much more than the limit is read, and thrown away, so that a client which listens only after
/// it has sent everything gets to see why it was refused.
const OVERSIZE_FACTOR: usize = 4;

/// Reads a body of at most `limit` bytes.
pub(super) async fn read_body(
    app: &App,
    body: Body,
    limit: usize,
) -> Result<(Vec<u8>, Share), HttpError> {
    let read = async {
        let mut chunks = body.into_data_stream();
        let mut bytes = Vec::new();
        let mut share = app.body_memory.take(0)?;
        let mut length = 0_usize;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                HttpError::bad_request(format!("The request body cannot be read: {error}."))
            })?;
            length = length.saturating_add(chunk.len());
            if length <= limit {
                share.merge(app.body_memory.take(chunk.len())?);
                bytes.extend_from_slice(&chunk);
            } else if length > limit.saturating_mul(OVERSIZE_FACTOR) {
                break;
            }
        }
        if length > limit {
            return Err(IngressError::TooLarge { limit }.into());
        }
        Ok((bytes, share))
    };
    timeout(app.limits.body_timeout, read)
        .await
        .unwrap_or_else(|_| {
            Err(HttpError::new(
                StatusCode::REQUEST_TIMEOUT,
                "The request body did not arrive in time.",
            ))
        })
}

/// Reads the body and finds out who has sent it.
pub(super) async fn authenticate(
    app: &App,
    body: Body,
) -> Result<(AuthenticatedRequest, Share), HttpError> {
    let (bytes, share) = read_body(app, body, app.ingress_limits.max_request_bytes).await?;
    let root_key = app.network.keys().root().public_key_raw();
    let now_ns = app.network.now_ns();
    let request = ingress::authenticate(&bytes, now_ns, &root_key, &app.ingress_limits)?;
    Ok((request, share))
}

/// How a canister is called, which decides the endpoint.
#[derive(Clone, Copy)]
pub(super) enum CallKind {
    Update,
    Query,
}

/// A call that came to the right URL.
pub(super) struct ReceivedCall {
    pub id: RequestId,
    pub call: CanisterCall,
    /// To be kept as long as the call's argument is.
    pub share: Share,
}

/// Reads a call that came to the URL of `effective_id`.
pub(super) async fn canister_call(
    app: &App,
    kind: CallKind,
    effective_id: EffectiveId,
    body: Body,
) -> Result<ReceivedCall, HttpError> {
    let (request, share) = authenticate(app, body).await?;
    let call = match (kind, request.content) {
        (
            CallKind::Update,
            EnvelopeContent::Call {
                sender,
                canister_id,
                method_name,
                arg,
                ingress_expiry,
                ..
            },
        )
        | (
            CallKind::Query,
            EnvelopeContent::Query {
                sender,
                canister_id,
                method_name,
                arg,
                ingress_expiry,
                ..
            },
        ) => CanisterCall {
            sender,
            canister_id,
            method_name,
            arg,
            effective_id: effective_id.principal(),
            ingress_expiry_ns: ingress_expiry,
        },
        (CallKind::Update, _) => return Err(wrong_kind("call")),
        (CallKind::Query, _) => return Err(wrong_kind("query")),
    };
    effective_id.check(kind, &call)?;
    let id = request.id;
    Ok(ReceivedCall { id, call, share })
}

/// The answer to a request that was sent to the endpoint for another kind.
pub(super) fn wrong_kind(expected: &str) -> HttpError {
    HttpError::bad_request(format!(
        "This endpoint takes requests of the type {expected:?} only."
    ))
}
