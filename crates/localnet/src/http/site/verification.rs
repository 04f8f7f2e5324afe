//! Response verification: whether a canister's answer to a query is what the canister has certified.
//!
//! By the library `ic-response-verification`, not by `ic-http-gateway`: that brings an agent with an HTTP client of its
//! own (a hundred more crates here), which would ask this network over HTTP and go by the machine's clock instead of
//! the network's, and it passes on long streamed pages unverified.

use std::io::{self, Read};

use axum::http::header;
use candid::Principal;
use flate2::read::{DeflateDecoder, GzDecoder};
use ic_http_certification::{
    CERTIFICATE_EXPRESSION_HEADER_NAME, CERTIFICATE_HEADER_NAME, HttpRequest,
};
use ic_response_verification::{
    MIN_VERIFICATION_VERSION, ResponseVerificationError, verify_request_response_pair,
};

use super::{
    candid_http::HttpResponse,
    certificate_header::{self, HeaderError},
    exchange::PageError,
};
use crate::network::Network;

/// How far the certificate's time may be from the network's, as other gateways have it.
const MAX_CERTIFICATE_TIME_OFFSET_NS: u128 = 300_000_000_000;
/// Opening brackets in an `IC-CertificateExpression` header. The grammar has eight of them at most; the library's
/// parser recurses at each.
const MAX_BRACKETS: usize = 32;
/// The metadata in which a canister says which versions of response verification it supports.
const SUPPORTED_VERSIONS: &str = "supported_certificate_versions";

/// Why an answer is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum VerificationError {
    #[error(transparent)]
    Response(#[from] ResponseVerificationError),
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the IC-CertificateExpression header has more than {MAX_BRACKETS} opening brackets")]
    Expression,
    #[error(
        "it is certified by version 1 of response verification, but the canister supports version 2"
    )]
    Downgrade,
    #[error("it goes on after the outcome of an update call, which the network does not certify")]
    Continued,
    #[error("it has more than {0} bytes without its compression")]
    TooLong(usize),
    #[error("it is a redirect, which version 1 of response verification does not certify")]
    Redirect,
}

/// What of the response is certified: its body, and the headers that the canister's certification covers.
///
/// A canister may certify that it certifies nothing about this response; then everything stays. Bodies that have to be
/// decompressed first are refused if they have more than `limit` bytes then.
pub(super) fn verify(
    network: &Network,
    canister: Principal,
    request: HttpRequest<'_>,
    mut response: HttpResponse,
    limit: usize,
) -> Result<HttpResponse, PageError> {
    make_safe(&mut response.headers)?;
    check_decompressed(&response, limit)?;
    let root_key = network.keys().root_public_key_der();
    let to_verify = ic_http_certification::HttpResponse::builder()
        .with_status_code(response.status()?)
        .with_headers(response.headers.clone())
        .with_body(response.body.as_slice())
        .build();
    let verified = verify_request_response_pair(
        request,
        to_verify,
        canister.as_slice(),
        network.now_ns().into(),
        MAX_CERTIFICATE_TIME_OFFSET_NS,
        &root_key,
        MIN_VERIFICATION_VERSION,
    )
    .map_err(VerificationError::from)?;
    if verified.verification_version == 1 {
        check_legacy(network, canister, &mut response)?;
    } else if let Some(certified) = verified.response {
        response.headers = certified.headers;
    }
    Ok(response)
}

/// The certification headers as the library may see them.
fn make_safe(headers: &mut [(String, String)]) -> Result<(), VerificationError> {
    for (name, value) in headers {
        if name.eq_ignore_ascii_case(CERTIFICATE_HEADER_NAME) {
            *value = certificate_header::rewrite(value)?;
        } else if name.eq_ignore_ascii_case(CERTIFICATE_EXPRESSION_HEADER_NAME)
            && value.matches(['(', '[', '{']).count() > MAX_BRACKETS
        {
            return Err(VerificationError::Expression);
        }
    }
    Ok(())
}

/// Version 1 certifies the body as it is without its compression, which the library takes away without any limit.
fn check_decompressed(response: &HttpResponse, limit: usize) -> Result<(), VerificationError> {
    let is_legacy = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case(CERTIFICATE_HEADER_NAME)
            && !certificate_header::is_version_2(value)
    };
    if !response.headers.iter().any(is_legacy) {
        return Ok(());
    }
    let body = response.body.as_slice();
    for (name, value) in &response.headers {
        let decoder: Box<dyn Read> = match value.as_str() {
            _ if !name.eq_ignore_ascii_case(header::CONTENT_ENCODING.as_str()) => continue,
            "gzip" => Box::new(GzDecoder::new(body)),
            "deflate" => Box::new(DeflateDecoder::new(body)),
            _ => continue,
        };
        let mut decoder = decoder.take(limit as u64 + 1);
        // What cannot be decompressed is refused by the library, for that reason.
        if io::copy(&mut decoder, &mut io::sink()).is_ok_and(|length| length > limit as u64) {
            return Err(VerificationError::TooLong(limit));
        }
    }
    Ok(())
}

/// Version 1 certifies the body only, so that a node could send any status and headers with it.
fn check_legacy(
    network: &Network,
    canister: Principal,
    response: &mut HttpResponse,
) -> Result<(), PageError> {
    let certified = network.certified();
    let supported = certified.metadata(&canister, SUPPORTED_VERSIONS);
    if supported.is_some_and(|versions| versions.split(|byte| *byte == b',').any(|v| v == b"2")) {
        return Err(VerificationError::Downgrade.into());
    }
    if response.status()?.is_redirection() {
        return Err(VerificationError::Redirect.into());
    }
    let is_cache_control = |name: &str| name.eq_ignore_ascii_case(header::CACHE_CONTROL.as_str());
    response.headers.retain(|(name, _)| !is_cache_control(name));
    Ok(())
}
