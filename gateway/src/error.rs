//! What keeps the gateway from running at all. Faults of single clients, canisters or requests never do.

use std::{io, net::SocketAddr};

use thiserror::Error;

use crate::tls::TlsError;

/// The gateway cannot run.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The files for TLS cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The listener has no address.
    #[error("the listening socket has no address: {0}")]
    Listener(#[source] io::Error),
    /// There is no HTTP client to reach the network with: the platform's TLS is unusable.
    #[error("cannot set up the HTTP client: {0}")]
    HttpClient(#[source] reqwest::Error),
    /// Traces cannot be sent.
    #[error("cannot set up the exporter of traces: {0}")]
    Collector(#[source] opentelemetry_otlp::ExporterBuildError),
}
