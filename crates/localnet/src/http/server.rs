//! Accepts connections, only so many at once, and answers the requests that come on them: whoever comes when all
//! connections are taken waits in the operating system's queue until another one ends.
//!
//! Not by `axum::serve`, which would wait for ever for a request that never comes.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::HttpLimits;

/// Serves until `stopping` is cancelled, and then answers what has been asked. Dropping it ends all connections.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: HttpLimits,
    stopping: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let mut connections = JoinSet::new();
    loop {
        let (slot, stream) = tokio::select! {
            accepted = accept(&mut listener, &slots) => accepted,
            Some(_) = connections.join_next() => continue,
            () = stopping.cancelled() => break,
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        connections.spawn(async move {
            answer(stream, router, limits.head_timeout, stopping).await;
            drop(slot);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection and its slot, which is `None` only if the semaphore is closed, which it never is.
async fn accept(
    listener: &mut TcpListener,
    slots: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream) {
    let slot = match slots.clone().try_acquire_owned() {
        Ok(slot) => Some(slot),
        Err(_) => {
            tracing::warn!("all connections are taken; new ones have to wait");
            slots.clone().acquire_owned().await.ok()
        }
    };
    let (stream, _) = Listener::accept(listener).await;
    (slot, stream)
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    router: Router,
    head_timeout: Duration,
    stopping: CancellationToken,
) {
    // Answers are written at once and as a whole; waiting for more to send only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("no TCP_NODELAY: {error}");
    }
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
    );
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!("a connection failed: {error}");
    }
}
