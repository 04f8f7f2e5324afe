//! Cross-origin requests: what a canister does not say about them itself, any page may do, as with the public gateways.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

const ANY: HeaderValue = HeaderValue::from_static("*");

/// For the answer to a page's question whether it may send a request.
const PREFLIGHT: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
    (header::ACCESS_CONTROL_ALLOW_METHODS, ANY),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, ANY),
    (
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    ),
];

/// Completes what the canister has answered to a preflight request; most do not know that there are such requests.
pub(super) fn complete_preflight(response: Response) -> Response {
    let says_who = response
        .headers()
        .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if says_who && response.status().is_success() {
        return response;
    }
    PREFLIGHT.into_response()
}

/// Completes what the canister has answered to any other request.
pub(super) fn complete(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        headers.entry(name).or_insert(ANY);
    }
    response
}
