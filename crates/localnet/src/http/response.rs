//! CBOR responses.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::cbor;

/// 200 with `value` as self-described CBOR.
pub(super) fn cbor_response<T: Serialize>(value: &T) -> Response {
    (
        [(header::CONTENT_TYPE, "application/cbor")],
        cbor::encode(value),
    )
        .into_response()
}
