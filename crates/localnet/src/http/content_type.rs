//! Requests say that they are CBOR, as the public network demands it.

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::HttpError;

pub(super) const CBOR: &str = "application/cbor";

/// Refuses requests of another type, or of none.
pub(super) async fn require_cbor(request: Request, next: Next) -> Response {
    let given = request.headers().get(header::CONTENT_TYPE);
    let given = given.map_or("", |value| value.to_str().unwrap_or("unreadable"));
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(CBOR) {
        return next.run(request).await;
    }
    let message = format!("The content type has to be {CBOR:?}; the request has {given:?}.");
    HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response()
}
