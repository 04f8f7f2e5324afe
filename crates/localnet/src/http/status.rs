//! `/api/v2/status`: what this is, and the key that everything it certifies is verified with.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Serialize;
use serde_bytes::ByteBuf;

use super::{App, response::cbor_response};

#[derive(Serialize)]
struct Status {
    impl_version: &'static str,
    replica_health_status: &'static str,
    root_key: ByteBuf,
}

pub(super) async fn status(State(app): State<Arc<App>>) -> Response {
    cbor_response(&Status {
        impl_version: concat!("ic-localnet ", env!("CARGO_PKG_VERSION")),
        replica_health_status: "healthy",
        root_key: ByteBuf::from(app.network.keys().root_public_key_der()),
    })
}
