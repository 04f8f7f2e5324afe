//! Brings up network, canisters and gateway on free ports, in this process.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use candid::{Encode, Principal};
use ic_agent::{Agent, Identity, identity::BasicIdentity};
use ic_localnet::Localnet;
use ic_management_canister_types::{CanisterInstallMode, InstallCodeArgs};
use ic_ws_gateway::GatewayError;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use xtask::{build::Artifacts, deploy, layout::Layout};

/// A running stack of its own for each test.
pub struct Stack {
    /// The HTTP interface of the network.
    pub ic_url: String,
    /// Where WebSocket clients connect to.
    pub gateway_url: String,
    /// The chat page.
    pub page_url: String,
    /// The chat canister.
    pub backend: Principal,
    root_key: Vec<u8>,
    deployer: [u8; 32],
    artifacts: Artifacts,
    network: Localnet,
    stop_gateway: oneshot::Sender<()>,
    gateway: JoinHandle<Result<(), GatewayError>>,
}

impl Stack {
    /// Starts everything, with an empty state.
    pub async fn start() -> Result<Self> {
        let artifacts = Artifacts::of(&Layout::of_this_workspace());
        ensure!(
            artifacts.backend_wasm.exists() && artifacts.page.exists(),
            "the canisters are not built: run scripts/test, which builds them first"
        );
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let network = Localnet::start(ic_localnet::Config {
            listen: loopback,
            ..Default::default()
        })
        .await?;
        let ic_url = network.url();

        let listener = TcpListener::bind(loopback).await?;
        let gateway_url = format!("ws://{}", listener.local_addr()?);
        let (stop_gateway, stopped) = oneshot::channel::<()>();
        let config = ic_ws_gateway::Config {
            ic_network_url: ic_url.parse()?,
            ..Default::default()
        };
        let stopped = async { stopped.await.unwrap_or_default() };
        let gateway = tokio::spawn(ic_ws_gateway::run(
            listener,
            ic_ws_gateway::Identity::generate()?,
            config,
            stopped,
        ));

        let deployer = rand::random();
        let identity = BasicIdentity::from_raw_key(&deployer);
        let deployed = deploy::deploy(
            &ic_url,
            identity,
            &artifacts,
            &gateway_url,
            &Default::default(),
        )
        .await?;
        Ok(Self {
            page_url: deployed.page_url(network.addr().port()),
            ic_url,
            gateway_url,
            backend: deployed.backend,
            root_key: deployed.root_key,
            deployer,
            artifacts,
            network,
            stop_gateway,
            gateway,
        })
    }

    /// How a client connects to the chat canister through the gateway at `gateway_url`.
    pub fn client_config(&self, gateway_url: &str) -> ic_ws_client::Config {
        ic_ws_client::Config::new(gateway_url, self.backend, self.root_key.clone())
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

    /// Upgrades the chat canister to the module it has.
    pub async fn upgrade_backend(&self) -> Result<()> {
        let arguments = InstallCodeArgs {
            mode: CanisterInstallMode::Upgrade(None),
            canister_id: self.backend,
            wasm_module: tokio::fs::read(&self.artifacts.backend_wasm).await?,
            arg: Encode!()?,
            sender_canister_version: None,
        };
        self.agent(BasicIdentity::from_raw_key(&self.deployer))
            .await?
            .update(&Principal::management_canister(), "install_code")
            .with_effective_canister_id(self.backend)
            .with_arg(Encode!(&arguments)?)
            .call_and_wait()
            .await?;
        Ok(())
    }

    /// Stops the gateway, then the network.
    pub async fn stop(self) -> Result<()> {
        let _ = self.stop_gateway.send(());
        self.gateway.await.context("the gateway panicked")??;
        self.network.shutdown().await?;
        Ok(())
    }
}
