//! One TCP connection until it is a WebSocket: TLS, one HTTP request, one answer, all within the time for it.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{addresses::Place, tls::Tls};

/// The most that a request line and its headers may take, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// A connection, from its first byte to the end of its WebSocket.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    /// Its place among those of its peer, unless that speaks for others.
    pub(crate) place: Option<Arc<Place>>,
    /// Held as long as the connection counts.
    pub(crate) _permit: Arc<OwnedSemaphorePermit>,
}

#[derive(Debug, Error)]
enum ConnectionError {
    #[error("TLS failed: {0}")]
    Tls(#[source] io::Error),
    #[error("HTTP failed: {0}")]
    Http(#[from] hyper::Error),
}

/// Answers the request of one connection. A WebSocket leaves from here to its session.
pub(crate) async fn serve(
    connection: Connection,
    stream: TcpStream,
    tls: Option<Tls>,
    router: Router,
    shutdown: CancellationToken,
    limit: Duration,
) {
    let peer = connection.peer;
    // Messages are small, and wanted at once.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let answer = async {
        match tls {
            Some(tls) => {
                let stream = tls.accept(stream).await.map_err(ConnectionError::Tls)?;
                Ok(http(connection, stream, router, shutdown).await?)
            }
            None => Ok::<_, ConnectionError>(http(connection, stream, router, shutdown).await?),
        }
    };
    match timeout(limit, answer).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%peer, %error, "connection failed"),
        Err(_) => debug!(%peer, ?limit, "no request in time"),
    }
}

async fn http(
    connection: Connection,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    shutdown: CancellationToken,
) -> Result<(), hyper::Error> {
    let router = TowerToHyperService::new(router);
    let service = service_fn(async |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        let mut response = router.call(request).await?;
        // A connection is for one request, so that one deadline covers all of it.
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Ok::<_, Infallible>(response)
    });
    let mut http = pin!(
        http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    tokio::select! {
        result = http.as_mut() => result,
        () = shutdown.cancelled() => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    }
}
