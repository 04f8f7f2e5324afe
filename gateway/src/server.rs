//! Accepts connections, and ends them all when asked to.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{info, warn};

use crate::{
    config::Config,
    connection::{self, Connection},
    error::GatewayError,
    gateway::Gateway,
    identity::Identity,
    ready,
    refusal::Refusal,
    routes, status,
    tls::{self, Tls},
};

/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections beside those that are WebSockets: requests of supervisors, and clients to whom it is said that there are
/// too many. Who connects and says nothing takes them, too; supervisors ask where the operator looks.
const SPARE_CONNECTIONS: usize = 64;

/// Connections at the same time to where an operator looks.
const MAX_OPERATOR_CONNECTIONS: usize = 64;

/// Where a gateway listens.
#[derive(Debug)]
pub struct Listeners {
    /// For clients.
    pub clients: TcpListener,
    /// For metrics and status, where clients are not to see them.
    pub operator: Option<TcpListener>,
}

impl Listeners {
    /// Listens where `config` says.
    ///
    /// # Errors
    /// When an address cannot be listened on: it is taken, or not this machine's.
    pub async fn bind(config: &Config) -> Result<Self, GatewayError> {
        let bind = async |address: SocketAddr| {
            TcpListener::bind(address)
                .await
                .map_err(|source| GatewayError::Bind { address, source })
        };
        let operator = match config.prometheus_endpoint {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self {
            clients: bind(config.gateway_address).await?,
            operator,
        })
    }
}

/// Runs a gateway on `listeners` until `shutdown` completes, and then ends it: no new connections, every client
/// closed with code 1012, their canisters told. Takes no longer for that than the configured limit.
///
/// # Errors
/// When the gateway cannot start. Later faults are logged and survived.
pub async fn run(
    listeners: Listeners,
    identity: Identity,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    let address = listeners
        .clients
        .local_addr()
        .map_err(GatewayError::Listener)?;
    let (tls, reloader) = tls::load(&config.tls).await?.unzip();
    let gateway = Arc::new(Gateway::new(identity, config)?);
    info!(
        %address,
        tls = tls.is_some(),
        network = gateway.config.ic_network_url.origin().ascii_serialization(),
        principal = %gateway.identity.principal(),
        "gateway started"
    );
    // These go on to the very end.
    let _watch = AbortOnDropHandle::new(tokio::spawn(ready::watch(gateway.clone())));
    let _history = AbortOnDropHandle::new(tokio::spawn(status::sample(gateway.clone())));
    let _reload = reloader.map(|reloader| AbortOnDropHandle::new(tokio::spawn(reloader.run())));
    let _operator = listeners.operator.map(|listener| {
        let door = Door::for_operator(&gateway);
        AbortOnDropHandle::new(tokio::spawn(door.accept(listener)))
    });

    let door = Door::for_clients(&gateway, tls);
    tokio::select! {
        () = door.accept(listeners.clients) => {}
        () = shutdown => {}
    }
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

/// What a listener leads to.
struct Door {
    gateway: Arc<Gateway>,
    router: Router,
    tls: Option<Tls>,
    permits: Arc<Semaphore>,
    /// Whether each address may have only some of the connections.
    by_address: bool,
    /// Closes what has not become a session.
    shutdown: CancellationToken,
}

impl Door {
    fn for_clients(gateway: &Arc<Gateway>, tls: Option<Tls>) -> Self {
        let connections = gateway.config.limits.max_connections + SPARE_CONNECTIONS;
        Self {
            router: routes::of_clients(gateway),
            tls,
            permits: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            by_address: true,
            shutdown: gateway.shutdown.clone(),
            gateway: gateway.clone(),
        }
    }

    fn for_operator(gateway: &Arc<Gateway>) -> Self {
        Self {
            router: routes::of_operator(gateway),
            tls: None,
            permits: Arc::new(Semaphore::new(MAX_OPERATOR_CONNECTIONS)),
            by_address: false,
            shutdown: CancellationToken::new(),
            gateway: gateway.clone(),
        }
    }

    /// Accepts connections for ever.
    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.enter(stream, peer),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    if error.kind() != ErrorKind::ConnectionAborted {
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    fn enter(&self, stream: TcpStream, peer: SocketAddr) {
        let connection = match self.admit(peer) {
            Ok(connection) => connection,
            Err(refusal) => {
                self.gateway.refused(refusal);
                warn!(%peer, "{refusal}");
                // Into an empty buffer: it goes out, or the peer is gone. Within TLS nothing can be said yet.
                if self.tls.is_none() {
                    stream.try_write(refusal.to_http().as_bytes()).ok();
                }
                return;
            }
        };
        tokio::spawn(connection::serve(
            connection,
            stream,
            self.tls.clone(),
            self.router.clone(),
            self.shutdown.clone(),
            self.gateway.config.limits.handshake_timeout,
        ));
    }

    fn admit(&self, peer: SocketAddr) -> Result<Connection, Refusal> {
        let permit = self
            .permits
            .clone()
            .try_acquire_owned()
            .map_err(|_| Refusal::TooManyConnections)?;
        // Those that a proxy forwards are told apart by what it says of them.
        let place = match self.by_address && !self.gateway.config.access.trusts(peer.ip()) {
            true => {
                let place = self.gateway.addresses.enter(peer.ip());
                Some(Arc::new(place.ok_or(Refusal::TooManyOfAddress)?))
            }
            false => None,
        };
        Ok(Connection {
            peer,
            place,
            _permit: Arc::new(permit),
        })
    }
}
