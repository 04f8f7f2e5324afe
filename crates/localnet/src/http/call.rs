//! `call`: update calls, answered at once (v2) or with a certificate of their outcome (v3, v4).
//!
//! The versions of the latter differ in how the root key's delegation to a subnet names its canisters. Here the root
//! key itself signs for the only subnet, so no certificate has a delegation.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ic_transport_types::{RequestId, TransportCallResponse};

use super::{
    App,
    effective_id::EffectiveId,
    error::HttpError,
    request::{CallKind, ReceivedCall, canister_call},
    response::cbor_response,
};
use crate::network::Rejection;

/// v2: 202 as soon as the call is received; the client polls `read_state` for what became of it.
pub(super) async fn asynchronous(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    Ok(
        match submit(&app, EffectiveId::canister(&id)?, body).await? {
            Ok(_) => StatusCode::ACCEPTED.into_response(),
            Err(rejection) => not_received(rejection),
        },
    )
}

/// v3, v4: waits a while for the outcome. If it takes longer, the client has to poll.
pub(super) async fn synchronous(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    submit_and_wait(&app, EffectiveId::canister(&id)?, body).await
}

/// v4, for calls that are not about a canister: those that create one.
pub(super) async fn on_subnet(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    submit_and_wait(&app, EffectiveId::subnet(&app, &id)?, body).await
}

async fn submit_and_wait(
    app: &App,
    effective_id: EffectiveId,
    body: Body,
) -> Result<Response, HttpError> {
    let request_id = match submit(app, effective_id, body).await? {
        Ok(request_id) => request_id,
        Err(rejection) => return Ok(not_received(rejection)),
    };
    Ok(match app.outcome(&request_id).await {
        Some(state) => {
            let path = vec![b"request_status".as_slice(), request_id.as_slice()];
            cbor_response(&TransportCallResponse::Replied {
                certificate: state.certificate(&[path]),
            })
        }
        None => StatusCode::ACCEPTED.into_response(),
    })
}

async fn submit(
    app: &App,
    effective_id: EffectiveId,
    body: Body,
) -> Result<Result<RequestId, Rejection>, HttpError> {
    let ReceivedCall { id, call, share } =
        canister_call(app, CallKind::Update, effective_id, body).await?;
    let submitted = app.network.submit(id, call).await;
    // From here on, the network's own limits bound what the calls take.
    drop(share);
    Ok(submitted.map(|()| id))
}

/// A call that was never received leaves no trace in the state, so nothing certifies its rejection.
fn not_received(rejection: Rejection) -> Response {
    cbor_response(&TransportCallResponse::NonReplicatedRejection(
        rejection.into(),
    ))
}
