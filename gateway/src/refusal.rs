//! Why connections are refused before they are WebSockets: as HTTP responses, and by name in the metrics.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use thiserror::Error;

/// Why a connection was refused.
#[derive(Debug, Clone, Copy, Error)]
pub(crate) enum Refusal {
    #[error("too many connections")]
    TooManyConnections,
    #[error("too many connections from this address")]
    TooManyOfAddress,
    #[error("pages of this origin may not connect")]
    OriginNotAllowed,
    #[error("the gateway restarts")]
    Shutdown,
}

impl Refusal {
    /// The name in the metric.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TooManyConnections => "too_many_connections",
            Self::TooManyOfAddress => "too_many_of_address",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::Shutdown => "shutdown",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::TooManyConnections | Self::Shutdown => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyOfAddress => StatusCode::TOO_MANY_REQUESTS,
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
        }
    }

    /// The whole response, where nothing of the request was read.
    pub(crate) fn to_http(self) -> String {
        let body = format!("{self}\n");
        format!(
            "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.status(),
            body.len()
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), format!("{self}\n")).into_response()
    }
}
