//! `/_/test/…`: the test API, in JSON.
//!
//! It is for programs, not for pages: a request that a page has sent (browsers name its origin) is refused, and so is a
//! body that a browser would send to another origin without asking first.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{App, content_type, error::HttpError, request::read_body, wrong_method};
use crate::faults::{Faults, TestControl};

const OFF: &str =
    "The test API is off. It is turned on with --test-api or IC_LOCALNET_TEST_API=true.";

/// Bytes of the longest body: many times what the longest list of faults takes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What the handlers need.
#[derive(Clone)]
struct TestApi {
    app: Arc<App>,
    control: TestControl,
}

/// The routes of the test API; if there is none, they say how to get it.
pub(super) fn router(app: &Arc<App>) -> Router {
    let Some(control) = app.network.test_control() else {
        let off = any(async || HttpError::new(StatusCode::NOT_FOUND, OFF));
        return Router::new()
            .route("/_/test", off.clone())
            .route("/_/test/{*path}", off);
    };
    Router::new()
        .route("/_/test/clock", get(clock).post(advance))
        .route("/_/test/faults", get(faults).put(set_faults))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(not_from_a_page))
        .with_state(TestApi {
            app: app.clone(),
            control,
        })
}

/// What `GET` and `POST /_/test/clock` answer.
#[derive(Serialize)]
struct Time {
    /// The network's time, in nanoseconds since the epoch.
    now_ns: u64,
}

/// The body of `POST /_/test/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// How far to move the clock forward, in milliseconds.
    advance_ms: u64,
}

async fn clock(State(TestApi { control, .. }): State<TestApi>) -> Response {
    json(&Time {
        now_ns: control.now_ns(),
    })
}

async fn advance(
    State(TestApi { app, control }): State<TestApi>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let Advance { advance_ms } = from_json(&app, &headers, body).await?;
    let advanced = control.advance(Duration::from_millis(advance_ms)).await;
    let now_ns = advanced.map_err(|error| HttpError::bad_request(error.to_string()))?;
    Ok(json(&Time { now_ns }))
}

async fn faults(State(TestApi { control, .. }): State<TestApi>) -> Response {
    json(&control.faults())
}

async fn set_faults(
    State(TestApi { app, control }): State<TestApi>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let faults: Faults = from_json(&app, &headers, body).await?;
    control
        .set_faults(faults)
        .map_err(|error| HttpError::bad_request(error.to_string()))?;
    Ok(json(&control.faults()))
}

async fn not_from_a_page(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return HttpError::forbidden("The test API is not for pages.").into_response();
    }
    next.run(request).await
}

async fn from_json<T: DeserializeOwned>(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, HttpError> {
    content_type::require(headers, content_type::JSON)?;
    let (body, _share) = read_body(app, body, MAX_BODY_BYTES).await?;
    serde_json::from_slice(&body)
        .map_err(|error| HttpError::bad_request(format!("The body is not as expected: {error}.")))
}

fn json<T: Serialize>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(json) => ([(header::CONTENT_TYPE, content_type::JSON)], json).into_response(),
        Err(error) => {
            HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}
