//! Accepts connections, and ends them all when asked to. WebSockets are at `/`; beside them, on the same
//! address, are `/health`, `/metrics` and `/status`.

use std::{io::ErrorKind, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ORIGIN},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::{debug, info, warn};

use crate::{
    config::Config, error::GatewayError, gateway::Gateway, identity::Identity, metrics, session,
    status,
};

/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const TOO_MANY_CONNECTIONS: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 21\r\n\r\ntoo many connections\n";

/// A TCP connection, from its first byte to the end of its WebSocket.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    /// Held as long as the connection counts.
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Runs a gateway on `listener` until `shutdown` completes, and then ends it: no new connections, every client
/// closed with code 1012, their canisters told. Takes no longer for that than the configured limit.
///
/// # Errors
/// When the gateway cannot start. Later faults are logged and survived.
pub async fn run(
    listener: TcpListener,
    identity: Identity,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    let address = listener.local_addr().map_err(GatewayError::Listener)?;
    let gateway = Arc::new(Gateway::new(identity, config)?);
    info!(
        %address,
        network = %gateway.config.ic_network_url,
        principal = %gateway.identity.principal(),
        "gateway started"
    );
    tokio::select! {
        () = accept(&gateway, &listener) => {}
        () = shutdown => {}
    }
    drop(listener);
    info!("gateway ends");
    gateway.shutdown.cancel();
    gateway.tasks.close();
    let limit = gateway.config.limits.shutdown_timeout;
    if timeout(limit, gateway.tasks.wait()).await.is_err() {
        warn!(unfinished = gateway.tasks.len(), "gateway ended in a hurry");
    }
    gateway.traces.finish().await;
    Ok(())
}

/// Accepts connections for ever.
async fn accept(gateway: &Arc<Gateway>, listener: &TcpListener) {
    let permits = Arc::new(Semaphore::new(gateway.config.limits.max_connections));
    let router = routes(gateway.clone());
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                if error.kind() != ErrorKind::ConnectionAborted {
                    sleep(ACCEPT_PAUSE).await;
                }
                continue;
            }
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            gateway.metrics.refused("too_many_connections");
            warn!(%peer, "too many connections");
            // Into an empty buffer: it goes out, or the peer is gone.
            stream.try_write(TOO_MANY_CONNECTIONS).ok();
            continue;
        };
        let connection = Connection {
            peer,
            _permit: Arc::new(permit),
        };
        let service = router.clone().layer(Extension(connection));
        gateway
            .tasks
            .spawn(serve(gateway.clone(), stream, peer, service));
    }
}

/// Answers the HTTP requests of one connection. A WebSocket leaves from here to its session.
async fn serve(gateway: Arc<Gateway>, stream: TcpStream, peer: SocketAddr, router: Router) {
    // Messages are small, and wanted at once.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(gateway.config.limits.handshake_timeout)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
            .with_upgrades()
    );
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = gateway.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%peer, %error, "HTTP connection failed");
    }
}

fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/", get(web_socket))
        .route("/health", get(async || "ok\n"))
        .route("/metrics", get(render_metrics))
        .route("/status", get(status::page))
        .with_state(gateway)
}

async fn web_socket(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let origin = request.headers().get(ORIGIN).map(HeaderValue::as_bytes);
    if !gateway.config.access.allows_origin(origin) {
        gateway.metrics.refused("origin_not_allowed");
        let origin = origin.map(String::from_utf8_lossy);
        warn!(peer = %connection.peer, ?origin, "origin not allowed");
        let text = "Pages of this origin may not connect to this gateway.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    match create_response_with_body(&request, Body::empty) {
        Ok(response) => {
            let upgrade = hyper::upgrade::on(request);
            let session = session::run(gateway.clone(), connection, upgrade);
            gateway.tasks.spawn(session);
            response
        }
        Err(error) => {
            let text = format!("This is a WebSocket gateway of the Internet Computer: {error}.\n");
            (StatusCode::UPGRADE_REQUIRED, text).into_response()
        }
    }
}

async fn render_metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.metrics.render(&gateway.canisters) {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
