//! What is where: pages that tell how the gateway is doing, and WebSockets at all other paths, as clients have URLs of
//! any.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ORIGIN, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use ic_ws_protocol::RECEIPTS_SUBPROTOCOL;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::warn;

use crate::{
    addresses::Place,
    connection::Connection,
    gateway::Gateway,
    metrics, ready,
    refusal::Refusal,
    session::{self, Visitor},
    status,
};

/// What a request that is no WebSocket's lacks (RFC 6455, section 4.2.2).
const NEEDED: [(HeaderName, &str); 2] = [(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];

/// Where clients connect.
pub(crate) fn of_clients(gateway: &Arc<Gateway>) -> Router {
    let routes = Router::new()
        .fallback(get(web_socket))
        .with_state(gateway.clone())
        .merge(health(gateway));
    match gateway.config.prometheus_endpoint {
        Some(_) => routes,
        None => routes.merge(inside(gateway)),
    }
}

/// Where an operator looks.
pub(crate) fn of_operator(gateway: &Arc<Gateway>) -> Router {
    health(gateway).merge(inside(gateway))
}

/// What supervisors and load balancers ask.
fn health(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/health", get(async || "ok\n"))
        .route("/ready", get(ready::page))
        .with_state(gateway.clone())
}

/// What is nobody else's business.
fn inside(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/metrics", get(render_metrics))
        .merge(status::routes())
        .with_state(gateway.clone())
}

async fn web_socket(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(_) if request.uri().path() != "/" && !request.headers().contains_key(UPGRADE) => {
            return StatusCode::NOT_FOUND.into_response();
        }
        Err(error) => {
            let text = format!("This is a WebSocket gateway of the Internet Computer: {error}.\n");
            return (StatusCode::UPGRADE_REQUIRED, NEEDED, text).into_response();
        }
    };
    match admit(&gateway, connection, request.headers()) {
        Ok(visitor) => {
            if visitor.receipts {
                let selected = HeaderValue::from_static(RECEIPTS_SUBPROTOCOL);
                response
                    .headers_mut()
                    .insert(SEC_WEBSOCKET_PROTOCOL, selected);
            }
            let upgrade = hyper::upgrade::on(request);
            gateway
                .tasks
                .spawn(session::run(gateway.clone(), visitor, upgrade));
            response
        }
        Err(refusal) => {
            gateway.refused(refusal);
            refusal.into_response()
        }
    }
}

/// Whether the sender of a request may have a session.
fn admit(
    gateway: &Gateway,
    connection: Connection,
    headers: &HeaderMap,
) -> Result<Visitor, Refusal> {
    if gateway.shutdown.is_cancelled() {
        return Err(Refusal::Shutdown);
    }
    let (address, place) = locate(gateway, &connection, headers);
    let Some(place) = place else {
        warn!(%address, "too many connections from this address");
        return Err(Refusal::TooManyOfAddress);
    };
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    if !gateway.config.access.allows_origin(origin) {
        let origin = origin.map(String::from_utf8_lossy);
        warn!(%address, ?origin, "origin not allowed");
        return Err(Refusal::OriginNotAllowed);
    }
    let Ok(permit) = gateway.places.clone().try_acquire_owned() else {
        warn!(%address, "too many connections");
        return Err(Refusal::TooManyConnections);
    };
    Ok(Visitor {
        address,
        place,
        receipts: offers_receipts(headers),
        _connection: connection,
        _permit: permit,
    })
}

/// Whether the client is one that understands receipts.
fn offers_receipts(headers: &HeaderMap) -> bool {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|protocols| protocols.to_str().ok())
        .flat_map(|protocols| protocols.split(','))
        .any(|protocol| protocol.trim() == RECEIPTS_SUBPROTOCOL)
}

/// Where a client is, and its place there unless there are too many.
fn locate(
    gateway: &Gateway,
    connection: &Connection,
    headers: &HeaderMap,
) -> (IpAddr, Option<Arc<Place>>) {
    let peer = connection.peer.ip();
    if let Some(place) = &connection.place {
        return (peer, Some(place.clone()));
    }
    let forwarded: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let address = gateway.config.access.client(peer, forwarded.into_iter());
    (address, gateway.addresses.enter(address).map(Arc::new))
}

async fn render_metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.metrics.render(&gateway) {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
