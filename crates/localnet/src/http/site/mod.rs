//! The HTTP gateway: a canister's own pages at `http://<canister-id>.localhost:<port>/`, or with
//! `?canisterId=<canister-id>` where names under `localhost` do not resolve.
//!
//! The reference is the HTTP gateway protocol specification. A page comes in three steps: find the canister
//! ([`address`]), ask it and verify its answer ([`exchange`], [`verification`]), and turn the answer into an HTTP
//! response. At `http://<canister-id>.raw.localhost:<port>/` nothing is verified.

mod address;
mod candid_http;
mod certificate_header;
mod cors;
mod exchange;
mod page;
mod range;
mod verification;

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use ic_http_certification::HttpRequest;
use ic_response_verification::MAX_VERIFICATION_VERSION;

use self::exchange::{Exchange, PageError};
use super::{App, body_memory::Share, request::read_body};

/// Headers that belong to one connection, not to the page; and the length, which is known better here.
const NOT_FORWARDED: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Where the API is, and no canister's page, whatever the address names.
const RESERVED: [&str; 3] = ["/api/v2/", "/api/v3/", "/api/v4/"];

/// Serves everything that is no endpoint of the API.
pub(super) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if RESERVED.iter().any(|prefix| path.starts_with(prefix)) {
        return page::no_endpoint(path);
    }
    let site = match address::site(&parts.uri, &parts.headers) {
        Ok(Some(site)) => site,
        Ok(None) => return page::welcome(path),
        Err(error) => return page::not_a_canister(&error),
    };
    let (body, share) = match read_body(&app, body, app.ingress_limits.max_request_bytes).await {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    let exchange = Exchange { app, site };
    let is_preflight = parts.method == Method::OPTIONS;
    let response = fetch(exchange, to_candid(parts, body), share)
        .await
        .unwrap_or_else(|error| page::failure(&site.canister, &error));
    if is_preflight {
        cors::complete_preflight(response)
    } else {
        cors::complete(response)
    }
}

fn to_candid(parts: Parts, body: Vec<u8>) -> HttpRequest<'static> {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    };
    let url = parts.uri.path_and_query().map_or("/", |url| url.as_str());
    HttpRequest::builder()
        .with_url(url)
        .with_headers(parts.headers.iter().map(header).collect())
        .with_method(parts.method)
        .with_body(body)
        .with_certificate_version(MAX_VERIFICATION_VERSION.into())
        .build()
}

/// The page, or its beginning with the rest to follow as the browser takes it. The share is the request's.
async fn fetch(
    exchange: Exchange,
    request: HttpRequest<'static>,
    share: Share,
) -> Result<Response, PageError> {
    let (mut response, held) = exchange.ask(&request).await?;
    let rest = range::complete(&exchange, request, share, &mut response)?;
    let status = response.status()?;
    let mut headers = headers(response.headers);
    let first = held.hold(response.body);
    let body = match (rest, response.next) {
        (Some(rest), _) => {
            headers.insert(header::CONTENT_LENGTH, rest.total().into());
            streamed(first, rest.parts())
        }
        (None, Some(next)) => streamed(first, exchange.chunks(Some(next))),
        (None, None) => first.into(),
    };
    let mut http = (status, body).into_response();
    *http.headers_mut() = headers;
    Ok(http)
}

fn streamed(
    first: Bytes,
    rest: impl Stream<Item = Result<(Vec<u8>, Share), PageError>> + Send + 'static,
) -> Body {
    let rest = rest.map_ok(|(part, share)| share.hold(part));
    let parts = stream::iter([Ok(first)]).chain(rest);
    Body::from_stream(parts.inspect_err(|error| tracing::warn!("a page ends early: {error}")))
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
