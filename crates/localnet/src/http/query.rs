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
    error::HttpError,
    request::{CallKind, canister_call},
    response::cbor_response,
};

pub(super) async fn query(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    let (id, call) = canister_call(&app, CallKind::Query, &id, body).await?;
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
