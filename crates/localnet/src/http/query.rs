//! `query`: query calls, answered by one node that signs what it says.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use ic_transport_types::{EnvelopeContent, QueryResponse, ReplyResponse};

use super::{
    App, effective_canister,
    error::HttpError,
    request::{authenticate, principal, wrong_kind},
    response::cbor_response,
};
use crate::network::QueryCall;

pub(super) async fn query(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    let effective_canister_id = principal(&id)?;
    let request = authenticate(&app, body).await?;
    let EnvelopeContent::Query {
        sender,
        canister_id,
        method_name,
        arg,
        ..
    } = request.content
    else {
        return Err(wrong_kind("query"));
    };
    effective_canister::check(effective_canister_id, canister_id, &method_name, &arg)?;
    let call = QueryCall {
        sender,
        canister_id,
        method_name,
        arg,
        effective_canister_id,
    };
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
    let signature = keys.sign_query_response(&response, request.id, app.network.now_ns());
    let (QueryResponse::Replied { signatures, .. } | QueryResponse::Rejected { signatures, .. }) =
        &mut response;
    signatures.push(signature);
    Ok(cbor_response(&response))
}
