//! Pages that show a person how the gateway is doing: `/status`, and the same for programs as `/status.json`.
//!
//! Everything that they need comes from here, and the content security policy allows nothing else.

mod chart;
mod history;
mod page;
mod polling;
mod recent_errors;
mod snapshot;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{
        HeaderName, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{Html, IntoResponse},
    routing::{MethodRouter, get},
};

use crate::gateway::Gateway;

pub(crate) use history::{History, sample};
pub(crate) use polling::Polling;
pub(crate) use recent_errors::RecentErrors;

use snapshot::Snapshot;

const PAGE_HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// `/status` and what belongs to it.
pub(crate) fn routes() -> Router<Arc<Gateway>> {
    let page = async |State(gateway): State<Arc<Gateway>>| {
        let page = page::render(&Snapshot::of(&gateway));
        (PAGE_HEADERS, Html(page.into_string()))
    };
    let json = async |State(gateway): State<Arc<Gateway>>| match serde_json::to_string(
        &Snapshot::of(&gateway),
    ) {
        Ok(json) => (PAGE_HEADERS, [(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    Router::new()
        .route("/status", get(page))
        .route("/status.json", get(json))
        .route(
            "/status.css",
            file("text/css", include_str!("status/status.css")),
        )
        .route(
            "/status.js",
            file("text/javascript", include_str!("status/status.js")),
        )
        .route(
            "/status.svg",
            file("image/svg+xml", include_str!("status/status.svg")),
        )
}

fn file(content_type: &'static str, text: &'static str) -> MethodRouter<Arc<Gateway>> {
    get(async move || {
        let headers = [
            (CONTENT_TYPE, content_type),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, "max-age=300"),
        ];
        (headers, text).into_response()
    })
}
