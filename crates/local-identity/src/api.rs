//! What the page asks of the canister, over HTTP and in JSON, so that it needs neither CBOR nor Candid.
//!
//! A canister signature takes two steps: an update call prepares it, which changes what the canister certifies; a query
//! then gets it, together with the network's certificate.

use ic_cdk::api::{canister_self, data_certificate, time};
use ic_http_certification::{HttpRequest, HttpResponse, Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::{
    Provider,
    delegation::{DelegationError, Prepared, Wanted},
    signatures::TooMany,
    site::Proof,
};

/// Where delegations are prepared.
const PREPARE: &str = "/delegation/prepare";
/// Where the signed ones are.
pub const SIGNED: &str = "/delegation";

/// Why a request fails.
#[derive(Debug, Error)]
enum ApiError {
    #[error("the request is not what is expected here: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Delegation(#[from] DelegationError),
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error("this delegation has not been prepared during the last minute")]
    NotPrepared,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Json(_) | Self::Delegation(_) => StatusCode::BAD_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotPrepared => StatusCode::NOT_FOUND,
        }
    }
}

/// Answers what changes nothing.
pub fn query(provider: &Provider, request: &HttpRequest) -> HttpResponse<'static> {
    let path = request.get_path().unwrap_or_default();
    let proof = Proof {
        certificate: data_certificate().unwrap_or_default(),
        signatures: provider.signatures.root_hash(),
    };
    match (request.method(), path.as_str()) {
        // The gateway then makes an update call of it.
        (&Method::POST, PREPARE) => HttpResponse::builder().with_upgrade(true).build(),
        (&Method::POST, SIGNED) => {
            let response = respond(signed(provider, request.body()));
            provider.site.uncertified(response, &proof)
        }
        (_, path) => provider.site.page(path, &proof),
    }
}

/// Answers what changes something.
pub fn update(provider: &mut Provider, request: &HttpRequest) -> HttpResponse<'static> {
    respond(prepare(provider, request.body()))
}

fn prepare(provider: &mut Provider, body: &[u8]) -> Result<impl Serialize + use<>, ApiError> {
    let now = time();
    let delegation = parse::<Wanted>(body)?.at(now)?;
    provider.signatures.add(&delegation, now)?;
    Ok(delegation.expiration())
}

fn signed(provider: &Provider, body: &[u8]) -> Result<impl Serialize + use<>, ApiError> {
    let delegation = parse::<Prepared>(body)?.delegation()?;
    let signature = provider
        .signatures
        .get(&delegation, provider.site.root_hash());
    let signature = signature.ok_or(ApiError::NotPrepared)?;
    Ok(delegation.signed(canister_self(), &signature))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    Ok(serde_json::from_slice(body)?)
}

fn respond(result: Result<impl Serialize, ApiError>) -> HttpResponse<'static> {
    match result {
        Ok(result) => json(StatusCode::OK, &result),
        Err(error) => json(
            error.status(),
            &Failure {
                error: error.to_string(),
            },
        ),
    }
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

fn json(status: StatusCode, value: &impl Serialize) -> HttpResponse<'static> {
    // Structs of strings, which all have a place in JSON.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
    ];
    HttpResponse::builder()
        .with_status_code(status)
        .with_headers(
            headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
        .with_body(body)
        .build()
}
