//! Requests say of which type their body is: that it is CBOR, as the public network demands it, or JSON.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::HttpError;

pub(super) const CBOR: &str = "application/cbor";
pub(super) const JSON: &str = "application/json";

/// Refuses requests of another type than CBOR, or of none.
pub(super) async fn require_cbor(request: Request, next: Next) -> Response {
    match require(request.headers(), CBOR) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Checks that the body is of the type `expected`, whatever its parameters.
pub(super) fn require(headers: &HeaderMap, expected: &str) -> Result<(), HttpError> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.map_or("", |value| value.to_str().unwrap_or("unreadable"));
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let message = format!("The content type has to be {expected:?}; the request has {given:?}.");
    Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}
