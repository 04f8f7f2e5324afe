//! What the gateway itself has to say: small pages that name the problem.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use candid::Principal;

use super::{address::NotACanister, exchange::PageError, verification::VerificationError};
use crate::network::{ErrorCode, RejectCode, Rejection};

/// The host names no canister.
pub(super) fn welcome(path: &str) -> Response {
    let text = "This is a local development network: one node, no consensus, no real cycles. A \
                canister's pages are at http://<canister-id>.localhost:<port>/ or at \
                /?canisterId=<canister-id>.";
    match path {
        _ if path.starts_with("/api/") => no_endpoint(path),
        "/" => page(StatusCode::OK, "Local Internet Computer", text),
        _ => page(StatusCode::NOT_FOUND, "The address names no canister", text),
    }
}

/// The path looks like one of the API, but is none.
pub(super) fn no_endpoint(path: &str) -> Response {
    (
        StatusCode::NOT_FOUND,
        format!("There is no endpoint {path:?}."),
    )
        .into_response()
}

/// The address has something else where a canister id belongs.
pub(super) fn not_a_canister(error: &NotACanister) -> Response {
    let title = "The address names no canister";
    page(StatusCode::BAD_REQUEST, title, &error.to_string())
}

/// The canister cannot be asked, or its answer cannot be shown.
pub(super) fn failure(canister: &Principal, error: &PageError) -> Response {
    let (status, title) = match error {
        PageError::Rejected(rejection) => rejected(rejection),
        PageError::Answer(_) => (StatusCode::BAD_GATEWAY, "The canister's answer is invalid"),
        PageError::Unverified(error) => return unverified(canister, error),
        PageError::Verification(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The canister's answer could not be verified",
        ),
        PageError::Memory(_) => (StatusCode::SERVICE_UNAVAILABLE, "The network is busy"),
        PageError::Request(_) => (StatusCode::BAD_REQUEST, "The request cannot be sent"),
        PageError::Timeout => (StatusCode::GATEWAY_TIMEOUT, "The canister did not answer"),
    };
    page(status, title, &format!("Canister {canister}: {error}."))
}

/// The canister has answered, but not with what it has certified.
fn unverified(canister: &Principal, error: &VerificationError) -> Response {
    let title = "The canister's answer fails verification";
    let text = format!(
        "Canister {canister}: {error}. Without verification, its pages are at \
         http://{canister}.raw.localhost:<port>/."
    );
    page(StatusCode::BAD_GATEWAY, title, &text)
}

fn rejected(rejection: &Rejection) -> (StatusCode, &'static str) {
    let is = |code: ErrorCode| rejection.error_code == code.to_string();
    if is(ErrorCode::CanisterNotFound) {
        return (StatusCode::NOT_FOUND, "There is no such canister");
    }
    if is(ErrorCode::CanisterMethodNotFound) || is(ErrorCode::CanisterWasmModuleNotFound) {
        return (StatusCode::NOT_FOUND, "The canister serves no pages");
    }
    match rejection.code {
        RejectCode::SysTransient => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The canister cannot answer now",
        ),
        _ => (StatusCode::BAD_GATEWAY, "The canister has failed"),
    }
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let (title, text) = (escape(title), escape(text));
    let html = format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\
         <body style=\"font-family:sans-serif;margin:10vh auto;max-width:40rem\">\
         <h1>{title}</h1><p>{text}</p>\n"
    );
    (status, Html(html)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
