//! CBOR responses.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::content_type;
use crate::cbor;

/// 200 with `value` as self-described CBOR.
pub(super) fn cbor_response<T: Serialize>(value: &T) -> Response {
    (
        [(header::CONTENT_TYPE, content_type::CBOR)],
        cbor::encode(value),
    )
        .into_response()
}
