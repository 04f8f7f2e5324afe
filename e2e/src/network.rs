//! The local network and a gateway to it, in this process, on free ports. Nothing is deployed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use anyhow::{Context, Result};
use candid::Principal;
use ic_agent::{Agent, Identity};
use ic_localnet::{Localnet, StartError, faults::TestControl};
use ic_ws_gateway::{GatewayError, Listeners};
use reqwest::{Client, Response, header};
use tokio::{
    runtime::Runtime,
    sync::{OnceCell, oneshot},
    task::JoinHandle,
};
use xtask::layout::Layout;

use crate::wait::until;

/// A running network, and a gateway to it.
pub struct Network {
    /// The HTTP interface of the network.
    pub ic_url: String,
    /// Where WebSocket clients connect to.
    pub gateway_url: String,
    /// Who the gateway is to canisters.
    pub gateway_principal: Principal,
    config: ic_localnet::Config,
    localnet: Localnet,
    gateway_config: ic_ws_gateway::Config,
    gateway: Gateway,
}

/// A running gateway.
struct Gateway {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), GatewayError>>,
}

impl Gateway {
    /// Starts one, and tells who it is.
    fn start(listeners: Listeners, config: ic_ws_gateway::Config) -> Result<(Self, Principal)> {
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let identity = ic_ws_gateway::Identity::generate()?;
        let principal = identity.principal();
        let task = tokio::spawn(ic_ws_gateway::run(listeners, identity, config, stopped));
        Ok((Self { stop, task }, principal))
    }

    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        Ok(self.task.await.context("the gateway panicked")??)
    }
}

impl Network {
    /// Starts both, with an empty state.
    pub async fn start() -> Result<Self> {
        Self::start_on(ic_localnet::Config::default()).await
    }

    /// Starts both, the network with that configuration.
    pub async fn start_on(config: ic_localnet::Config) -> Result<Self> {
        Self::start_with(config, ic_ws_gateway::Config::default()).await
    }

    /// Starts both with these configurations; the gateway's need not say where it is, nor where the network is.
    pub async fn start_with(
        mut config: ic_localnet::Config,
        mut gateway: ic_ws_gateway::Config,
    ) -> Result<Self> {
        config.compiled_dir = Some(Layout::of_this_workspace().compiled());
        let localnet = Localnet::start(config.clone()).await?;
        config.listen = localnet.addr();
        let ic_url = localnet.url();
        gateway.ic_network_url = ic_url.parse()?;
        gateway.gateway_address = (Ipv4Addr::LOCALHOST, 0).into();
        let listeners = Listeners::bind(&gateway).await?;
        gateway.gateway_address = listeners.clients.local_addr()?;
        let gateway_url = format!("ws://{}", gateway.gateway_address);
        let (running, gateway_principal) = Gateway::start(listeners, gateway.clone())?;
        Ok(Self {
            ic_url,
            gateway_url,
            gateway_principal,
            config,
            localnet,
            gateway: running,
            gateway_config: gateway,
        })
    }

    /// The one for all tests of a program that do nothing to others there. It has a runtime of its own, as a test's ends with
    /// the test, and ends with the program.
    pub async fn shared() -> Result<Arc<Self>> {
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
        static NETWORK: OnceCell<Arc<Network>> = OnceCell::const_new();
        let start = || async { anyhow::Ok(Arc::new(RUNTIME.spawn(Self::start()).await??)) };
        NETWORK.get_or_try_init(start).await.cloned()
    }

    /// Stops the network alone, and starts it again once `meanwhile` is over. What is to survive that needs a state
    /// directory in its configuration.
    pub async fn interrupted(self, meanwhile: impl Future<Output = Result<()>>) -> Result<Self> {
        self.localnet.shutdown().await?;
        meanwhile.await?;
        // The port was free for a while: somebody else may just be using it.
        let localnet = until("the network's port", || async {
            match Localnet::start(self.config.clone()).await {
                Ok(localnet) => Ok(Some(localnet)),
                Err(StartError::PortInUse(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        Ok(Self { localnet, ..self })
    }

    /// Stops the gateway alone, and starts another one in its place once `meanwhile` is over.
    pub async fn without_gateway(
        self,
        meanwhile: impl Future<Output = Result<()>>,
    ) -> Result<Self> {
        self.gateway.stop().await?;
        meanwhile.await?;
        // As for the network's port.
        let listeners = until("the gateway's port", || async {
            Ok(Listeners::bind(&self.gateway_config).await.ok())
        })
        .await?;
        let (gateway, gateway_principal) = Gateway::start(listeners, self.gateway_config.clone())?;
        Ok(Self {
            gateway,
            gateway_principal,
            ..self
        })
    }

    /// Where the HTTP interface is.
    pub fn address(&self) -> SocketAddr {
        self.localnet.addr()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Where the gateway listens.
    pub fn gateway_address(&self) -> SocketAddr {
        self.gateway_config.gateway_address
    }

    /// What a browser gets at `path` of the site that `canister` serves.
    pub async fn fetch(&self, canister: Principal, path: &str) -> Result<Response> {
        let host = format!("{canister}.localhost:{}", self.port());
        let request = Client::new().get(format!("{}{path}", self.ic_url));
        Ok(request.header(header::HOST, host).send().await?)
    }

    /// What moves the network's clock and makes it misbehave; its configuration has to ask for that.
    pub fn test_control(&self) -> Result<TestControl> {
        self.localnet
            .test_control()
            .context("the network has no test API")
    }

    /// The network's public key, DER.
    pub fn root_key(&self) -> Vec<u8> {
        self.localnet.root_key()
    }

    /// How a client connects to `canister` through the gateway at `gateway_url`, once: a connection that is lost stays
    /// so.
    pub fn client_config(&self, gateway_url: &str, canister: Principal) -> ic_ws_client::Config {
        let reconnect = ic_ws_client::Reconnect {
            give_up_after: Some(Duration::ZERO),
            ..Default::default()
        };
        ic_ws_client::Config {
            reconnect,
            ..self.persistent_client_config([gateway_url], canister)
        }
    }

    /// How a client connects to `canister` through one of `gateways`, and once more whenever it has to.
    pub fn persistent_client_config<'a>(
        &self,
        gateways: impl IntoIterator<Item = &'a str>,
        canister: Principal,
    ) -> ic_ws_client::Config {
        ic_ws_client::Config::new(gateways, canister, self.root_key())
    }

    /// An agent that calls the network as `identity`.
    pub async fn agent(&self, identity: impl Identity + 'static) -> Result<Agent> {
        let agent = Agent::builder()
            .with_url(&self.ic_url)
            .with_identity(identity)
            .build()?;
        agent.fetch_root_key().await?;
        Ok(agent)
    }

    /// Stops the gateway, then the network.
    pub async fn stop(self) -> Result<()> {
        self.gateway.stop().await?;
        self.localnet.shutdown().await?;
        Ok(())
    }
}
