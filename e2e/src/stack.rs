//! Brings up network, canisters and gateway on free ports, in this process.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use candid::{Encode, Principal};
use ic_agent::{Agent, Identity, identity::BasicIdentity};
use ic_management_canister_types::CanisterInstallMode;
use xtask::{app::App, build::Artifacts, deploy, layout::Layout};

use crate::{artifact, canister::Canister, network::Network};

/// A running stack, with a chat of its own for each test.
pub struct Stack {
    /// The HTTP interface of the network.
    pub ic_url: String,
    /// Where WebSocket clients connect to.
    pub gateway_url: String,
    /// The app's page.
    pub page_url: String,
    /// The app's canister.
    pub backend: Principal,
    deployer: [u8; 32],
    artifacts: Artifacts,
    network: Arc<Network>,
}

impl Stack {
    /// Deploys a new chat to the network that tests share, for one that neither stops that network and its gateway nor
    /// moves its clock.
    pub async fn start() -> Result<Self> {
        Self::deploy(None, Network::shared().await?).await
    }

    /// The same with the app of this name, instead of the chat.
    pub async fn start_app(name: &str) -> Result<Self> {
        Self::deploy(Some(name), Network::shared().await?).await
    }

    /// Starts everything, with an empty state.
    pub async fn start_alone() -> Result<Self> {
        Self::start_on(ic_localnet::Config::default()).await
    }

    /// Starts everything on a network of that configuration.
    pub async fn start_on(network: ic_localnet::Config) -> Result<Self> {
        Self::start_with(network, ic_ws_gateway::Config::default()).await
    }

    /// Starts everything with these configurations; the gateway's need not say where it is, nor where the network is.
    pub async fn start_with(
        network: ic_localnet::Config,
        gateway: ic_ws_gateway::Config,
    ) -> Result<Self> {
        let network = Network::start_with(network, gateway).await?;
        Self::deploy(None, Arc::new(network)).await
    }

    async fn deploy(app: Option<&str>, network: Arc<Network>) -> Result<Self> {
        let layout = Layout::of_this_workspace();
        let artifacts = Artifacts::with(&layout, &App::named(&layout, app)?);
        ensure!(
            artifacts.backend_wasm.exists() && artifacts.page.exists(),
            "the canisters are not built: run scripts/test, which builds them first"
        );
        let deployer = rand::random();
        let deployed = deploy::deploy(
            &network.ic_url,
            BasicIdentity::from_raw_key(&deployer),
            &artifacts,
            &network.gateway_url,
            &Default::default(),
        )
        .await?;
        Ok(Self {
            ic_url: network.ic_url.clone(),
            gateway_url: network.gateway_url.clone(),
            page_url: deployed.page_url(network.port()),
            backend: deployed.backend,
            deployer,
            artifacts,
            network,
        })
    }

    /// The network and the gateway.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How a client connects to the chat canister through the gateway at `gateway_url`, once.
    pub fn client_config(&self, gateway_url: &str) -> ic_ws_client::Config {
        self.network.client_config(gateway_url, self.backend)
    }

    /// How a client connects to the chat canister through one of `gateways`, and once more whenever it has to.
    pub fn persistent_client_config<'a>(
        &self,
        gateways: impl IntoIterator<Item = &'a str>,
    ) -> ic_ws_client::Config {
        self.network
            .persistent_client_config(gateways, self.backend)
    }

    /// An agent that calls the network as `identity`.
    pub async fn agent(&self, identity: impl Identity + 'static) -> Result<Agent> {
        self.network.agent(identity).await
    }

    /// The chat canister, called as its controller.
    pub async fn controlled_backend(&self) -> Result<Canister> {
        let deployer = self.agent(BasicIdentity::from_raw_key(&self.deployer));
        Ok(Canister::at(self.backend, &deployer.await?))
    }

    /// Deploys another chat canister, with a room of its own.
    pub async fn another_backend(&self) -> Result<Principal> {
        let deployer = self.agent(BasicIdentity::from_raw_key(&self.deployer));
        let module = artifact::read(&self.artifacts.backend_wasm)?;
        Ok(Canister::create(&deployer.await?, module, ()).await?.id)
    }

    /// Upgrades the chat canister to the module it has.
    pub async fn upgrade_backend(&self) -> Result<()> {
        self.install_backend(CanisterInstallMode::Upgrade(None))
            .await
    }

    /// Installs the chat canister's module in that mode.
    pub async fn install_backend(&self, mode: CanisterInstallMode) -> Result<()> {
        let module = artifact::read(&self.artifacts.backend_wasm)?;
        let backend = self.controlled_backend().await?;
        backend.install(mode, module, Encode!()?).await
    }

    /// Stops the network alone, and starts it again once `meanwhile` is over: see [`Network::interrupted`].
    pub async fn interrupted(self, meanwhile: impl Future<Output = Result<()>>) -> Result<Self> {
        Ok(Self {
            network: Arc::new(own(self.network)?.interrupted(meanwhile).await?),
            ..self
        })
    }

    /// Stops the gateway alone, and starts another one in its place once `meanwhile` is over.
    pub async fn without_gateway(
        self,
        meanwhile: impl Future<Output = Result<()>>,
    ) -> Result<Self> {
        Ok(Self {
            network: Arc::new(own(self.network)?.without_gateway(meanwhile).await?),
            ..self
        })
    }

    /// Stops the gateway, then the network, unless other tests share them.
    pub async fn stop(self) -> Result<()> {
        match Arc::into_inner(self.network) {
            Some(network) => network.stop().await,
            None => Ok(()),
        }
    }
}

fn own(network: Arc<Network>) -> Result<Network> {
    Arc::into_inner(network).context("other tests share the network")
}
