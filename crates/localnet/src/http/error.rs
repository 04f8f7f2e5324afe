//! Refusals of the API: an HTTP status and plain text that says what was wrong.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::body_memory::OutOfBodyMemory;
use crate::ingress::{DelegationError, IngressError};

#[derive(Debug)]
pub(super) struct HttpError {
    pub status: StatusCode,
    pub message: String,
}

impl HttpError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }
}

impl From<IngressError> for HttpError {
    fn from(error: IngressError) -> Self {
        let status = match &error {
            IngressError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            IngressError::Envelope(_)
            | IngressError::Unhashable(_)
            | IngressError::NonceTooLong { .. }
            | IngressError::SignatureTooLong { .. }
            | IngressError::HalfSigned
            | IngressError::Expiry { .. }
            | IngressError::Delegation(DelegationError::Expired { .. }) => StatusCode::BAD_REQUEST,
            IngressError::AnonymousWithSignature
            | IngressError::MissingSignature(_)
            | IngressError::SenderMismatch { .. }
            | IngressError::Signature(_)
            | IngressError::SenderInfo(_)
            | IngressError::Delegation(_)
            | IngressError::CanisterNotDelegated(_)
            | IngressError::UpdateNotDelegated => StatusCode::FORBIDDEN,
        };
        Self::new(status, error.to_string())
    }
}

impl From<OutOfBodyMemory> for HttpError {
    fn from(error: OutOfBodyMemory) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        tracing::debug!(status = self.status.as_u16(), "refused: {}", self.message);
        (
            self.status,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            self.message,
        )
            .into_response()
    }
}
