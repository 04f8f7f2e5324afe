//! `query`: query calls, answered by one node that signs what it says.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use ic_transport_types::{QueryResponse, ReplyResponse};

use super::{
    App,
    effective_id::EffectiveId,
    error::HttpError,
    request::{CallKind, ReceivedCall, canister_call},
    response::cbor_response,
};

/// v2, v3: any query.
pub(super) async fn of_canister(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    query(&app, EffectiveId::canister(&id)?, body).await
}

/// v3, for queries that are not about a canister: `list_canisters`.
pub(super) async fn of_subnet(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    query(&app, EffectiveId::subnet(&app, &id)?, body).await
}

async fn query(app: &App, effective_id: EffectiveId, body: Body) -> Result<Response, HttpError> {
    let ReceivedCall {
        id,
        call,
        share: _share,
    } = canister_call(app, CallKind::Query, effective_id, body).await?;
    let mut response = match app.network.query(call).await {
        Ok(arg) => QueryResponse::Replied {
            reply: ReplyResponse { arg },
            signatures: vec![],
        },
        Err(rejection) => QueryResponse::Rejected {
            reject: rejection.into(),
            signatures: vec![],
        },
    };
    let keys = app.network.keys();
    let signature = keys.sign_query_response(&response, id, app.network.now_ns());
    let (QueryResponse::Replied { signatures, .. } | QueryResponse::Rejected { signatures, .. }) =
        &mut response;
    signatures.push(signature);
    Ok(cbor_response(&response))
}
