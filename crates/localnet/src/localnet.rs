//! Puts the parts together: keys, network, HTTP server; from start to graceful stop.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    certification::{KeysError, NetworkKeys},
    faults::{TestApi, TestControl},
    http::{self, App, BodyMemory, HttpLimits},
    ingress::IngressLimits,
    network::{ExecutorError, Network, NetworkConfig, OpenError},
};

/// How long a stop waits for the requests that are being answered.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// What a local network is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Where keys and state are kept. Without it, they are gone when the process ends.
    pub state_dir: Option<PathBuf>,
    /// Where compiled modules are kept, which several networks may share; without it, with the state.
    pub compiled_dir: Option<PathBuf>,
    /// What requests may not exceed.
    pub ingress: IngressLimits,
    /// What bounds the work of the HTTP server.
    pub http: HttpLimits,
    /// Lets tests move the clock and make the network misbehave, in this process and over HTTP.
    pub test_api: Option<TestApi>,
}

impl Default for Config {
    /// Any free port of the loopback interface, nothing kept.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            state_dir: None,
            compiled_dir: None,
            ingress: IngressLimits::default(),
            http: HttpLimits::default(),
            test_api: None,
        }
    }
}

/// Why a local network could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process listens there.
    #[error("cannot listen on {0}: port {port} is already in use", port = .0.port())]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The network has no keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The network's state cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A running local network. Dropping it stops it, but only [`Self::shutdown`] waits for that.
pub struct Localnet {
    address: SocketAddr,
    network: Arc<Network>,
    server: JoinHandle<()>,
    stopping: CancellationToken,
}

impl Localnet {
    /// Starts a network; when this returns, it answers requests.
    ///
    /// # Errors
    /// If the address is taken, or keys or state cannot be loaded.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse(config.listen),
            _ => StartError::Listen {
                address: config.listen,
                source,
            },
        };
        // The port first: it is what most often goes wrong, and no state has been touched yet.
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let keys = NetworkKeys::load_or_create(config.state_dir.as_deref())?;
        let network = Network::open(
            NetworkConfig {
                state_dir: config.state_dir,
                compiled_dir: config.compiled_dir,
                test_api: config.test_api,
                ..NetworkConfig::default()
            },
            keys,
        )?;
        let stopping = CancellationToken::new();
        let router = http::router(App {
            network: network.clone(),
            ingress_limits: config.ingress,
            body_memory: BodyMemory::new(config.http.body_memory),
            limits: config.http.clone(),
            stopping: stopping.clone(),
        });
        let server = http::serve(listener, router, config.http, stopping.clone());
        Ok(Self {
            address,
            network,
            server: tokio::spawn(server),
            stopping,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the API, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The root public key: DER, 133 bytes.
    pub fn root_key(&self) -> Vec<u8> {
        self.network.keys().root_public_key_der()
    }

    /// What moves the clock and makes the network misbehave, if [`Config::test_api`] is set.
    pub fn test_control(&self) -> Option<TestControl> {
        self.network.test_control()
    }

    /// Waits until the network executes nothing any more, which it does not do by itself unless something has failed: the
    /// state cannot be written, say. [`Self::shutdown`] tells what.
    pub async fn stopped(&self) {
        self.network.stopped().await;
    }

    /// Stops: answers what is being answered, takes nothing new.
    ///
    /// # Errors
    /// If execution has failed, or the state could not be written.
    pub async fn shutdown(mut self) -> Result<(), ExecutorError> {
        self.stopping.cancel();
        if timeout(DRAIN_TIMEOUT, &mut self.server).await.is_err() {
            tracing::warn!("some requests were still being answered when the network stopped");
            self.server.abort();
        }
        self.network.shutdown().await
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
