//! The network's HTTP interface: the API of the interface specification, and the canisters' own pages.

mod body_memory;
mod call;
mod content_type;
mod effective_id;
mod error;
mod query;
mod read_state;
mod request;
mod response;
mod server;
mod site;
mod status;
mod test_api;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode},
    middleware,
    routing::{get, post},
};
use ic_transport_types::RequestId;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{Any, CorsLayer};

pub(crate) use body_memory::BodyMemory;
pub(crate) use server::serve;

use error::HttpError;

use crate::{certification::CertifiedState, ingress::IngressLimits, network::Network};

/// What bounds the work of the HTTP server.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Connections at once; more have to wait.
    pub max_connections: usize,
    /// How long a connection may take to send the head of a request, counted from when it could have begun: so long it
    /// may also be idle between two requests.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// Bytes of bodies that are being read, worked on or sent, all together; more are refused.
    pub body_memory: usize,
    /// How long a synchronous call (v3, v4) waits for its outcome before the client has to poll.
    pub call_timeout: Duration,
    /// Paths of a `read_state` request.
    pub max_paths: usize,
    /// Labels of such a path.
    pub max_path_labels: usize,
    /// Chunks of a page that a canister streams.
    pub max_streamed_chunks: usize,
    /// Bytes of a page that is verified as a whole, so that all of it is held until its last chunk has come; without its
    /// compression, if that is how it is certified.
    pub max_verified_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            // HTTP clients drop what they have not used for 90 seconds. That is better than to do it here, where the
            // next request may already be on its way.
            head_timeout: Duration::from_secs(100),
            body_timeout: Duration::from_secs(30),
            body_memory: 256 << 20,
            call_timeout: Duration::from_secs(10),
            max_paths: 1000,
            max_path_labels: 127,
            max_streamed_chunks: 1000,
            max_verified_bytes: 64 << 20,
        }
    }
}

/// What every handler needs.
#[derive(Clone)]
pub(crate) struct App {
    pub network: Arc<Network>,
    pub ingress_limits: IngressLimits,
    pub limits: HttpLimits,
    /// What bodies take their memory from.
    pub body_memory: BodyMemory,
    /// Set when the network is about to stop: handlers stop waiting.
    pub stopping: CancellationToken,
}

impl App {
    /// The state in which a call has its outcome, unless that takes too long or the network is about to stop.
    async fn outcome(&self, id: &RequestId) -> Option<Arc<CertifiedState>> {
        tokio::select! {
            outcome = self.network.outcome(id, self.limits.call_timeout) => outcome,
            () = self.stopping.cancelled() => None,
        }
    }
}

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let app = Arc::new(app);
    let mut api = Router::new()
        .route("/api/v2/canister/{id}/call", post(call::asynchronous))
        .route("/api/v4/subnet/{id}/call", post(call::on_subnet))
        .route("/api/v3/subnet/{id}/query", post(query::of_subnet));
    for version in ["v3", "v4"] {
        let path = format!("/api/{version}/canister/{{id}}/call");
        api = api.route(&path, post(call::synchronous));
    }
    for version in ["v2", "v3"] {
        let path = |rest: &str| format!("/api/{version}/{rest}");
        api = api
            .route(&path("canister/{id}/query"), post(query::of_canister))
            .route(
                &path("canister/{id}/read_state"),
                post(read_state::of_canister),
            )
            .route(&path("subnet/{id}/read_state"), post(read_state::of_subnet));
    }
    let api = api
        .route_layer(middleware::from_fn(content_type::require_cbor))
        .route("/api/v2/status", get(status::status))
        .method_not_allowed_fallback(wrong_method);
    // Any page may use the API; signatures, not origins, say who is asking.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any)
        .max_age(Duration::from_secs(600));
    let test_api = test_api::router(&app);
    let api = api.layer(cors).fallback(site::serve).with_state(app);
    api.merge(test_api)
}

async fn wrong_method(method: Method) -> HttpError {
    let message = format!("This endpoint does not take {method} requests.");
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
