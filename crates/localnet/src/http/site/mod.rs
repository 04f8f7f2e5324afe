//! The HTTP gateway: a canister's own pages at `http://<canister-id>.localhost:<port>/`, or with
//! `?canisterId=<canister-id>` where names under `localhost` do not resolve.
//!
//! The reference is the HTTP gateway protocol specification. A page comes in three steps, one function
//! each: find the canister, ask it ([`exchange`]), and turn its answer into an HTTP response. What
//! verifies the answer belongs between the last two.

mod address;
mod candid_http;
mod exchange;
mod page;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::stream;

use self::{
    candid_http::{HttpRequest, HttpResponse},
    exchange::Streaming,
};
use super::{App, request::read_body};

/// Headers that belong to one connection, not to the page; and the length, which is known better here.
const NOT_FORWARDED: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Serves everything that is no endpoint of the API.
pub(super) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/api/") {
        return page::no_endpoint(parts.uri.path());
    }
    let Some(canister) = address::canister(&parts.uri, &parts.headers) else {
        return page::welcome(parts.uri.path());
    };
    let (body, _share) = match read_body(&app, body, app.ingress_limits.max_request_bytes).await {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    let is_head = parts.method == Method::HEAD;
    match exchange::ask(&app, canister, &to_candid(parts, body)).await {
        Ok((response, streaming)) => to_http(response, streaming, is_head),
        Err(error) => page::failure(&canister, &error),
    }
}

fn to_candid(parts: Parts, body: Vec<u8>) -> HttpRequest {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    };
    let url = parts.uri.path_and_query().map_or("/", |url| url.as_str());
    HttpRequest {
        method: parts.method.to_string(),
        url: url.to_owned(),
        headers: parts.headers.iter().map(header).collect(),
        body,
        certificate_version: Some(2),
    }
}

fn to_http(response: HttpResponse, streaming: Option<Streaming>, is_head: bool) -> Response {
    let Ok(status) = StatusCode::from_u16(response.status_code) else {
        return page::invalid_status(response.status_code);
    };
    let body = match streaming {
        Some(streaming) if !is_head => {
            let first = Ok(response.body);
            let rest = streaming.into_chunks();
            Body::from_stream(stream::StreamExt::chain(stream::iter([first]), rest))
        }
        _ => response.body.into(),
    };
    let mut http = (status, body).into_response();
    *http.headers_mut() = headers(response.headers);
    http
}

fn headers(fields: Vec<(String, String)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), _) if NOT_FORWARDED.contains(&name) => {}
            (Ok(name), Ok(value)) => {
                headers.append(name, value);
            }
            _ => tracing::debug!(name, value, "the canister's header is not valid"),
        }
    }
    headers
}
