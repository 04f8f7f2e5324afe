//! Deploys the canisters and the page to a local network through its public interface, as any deployment tool would.

mod assets;
mod calls;
mod canister;
mod environment;

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use candid::Principal;
use ic_agent::{Agent, Identity};
use reqwest::Url;

use self::{calls::AgentCalls, canister::Canister};
pub(crate) use self::{
    calls::Calls,
    environment::{Environment, GATEWAYS},
};
use crate::build::Artifacts;

/// How long a request is good for, and how old its answer may be. The answer to an installation bears the time at which
/// it began; on a slow machine that is a while ago.
const EXPIRY: Duration = Duration::from_secs(4 * 60);

/// The deployed canisters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deployment {
    /// The app's canister.
    pub backend: Principal,
    /// The canister that serves the page.
    pub frontend: Principal,
    /// The local identity provider.
    pub identity: Principal,
    /// The network's root key, DER.
    pub root_key: Vec<u8>,
}

/// Canister ids by name, as they were created by an earlier deployment.
pub type KnownCanisters = BTreeMap<String, Principal>;

impl Deployment {
    /// The canisters by name.
    pub fn canisters(&self) -> KnownCanisters {
        [
            ("backend".to_owned(), self.backend),
            ("frontend".to_owned(), self.frontend),
            ("identity".to_owned(), self.identity),
        ]
        .into()
    }

    /// Where the network that listens on `port` of this machine serves the page.
    pub fn page_url(&self, port: u16) -> String {
        format!("http://{}.localhost:{port}/", self.frontend)
    }

    /// Where people sign in, on the network that listens on `port` of this machine.
    pub fn identity_provider_url(&self, port: u16) -> String {
        format!("http://{}.localhost:{port}/authorize", self.identity)
    }
}

/// Brings the network at `ic_url` up to date with `artifacts`: creates the canisters that are not there, sets their
/// environment variables, installs or upgrades modules that differ, uploads files that differ.
///
/// The page will look for the gateway at `gateway_url`, and have people sign in with the local identity provider. Trusts
/// the network to tell its root key, so it is for local networks only.
pub async fn deploy(
    ic_url: &str,
    identity: impl Identity + 'static,
    artifacts: &Artifacts,
    gateway_url: &str,
    known: &KnownCanisters,
) -> Result<Deployment> {
    let port = Url::parse(ic_url)
        .ok()
        .and_then(|url| url.port_or_known_default());
    let port = port.with_context(|| format!("{ic_url} is not the URL of a network"))?;
    let agent = Agent::builder()
        .with_url(ic_url)
        .with_identity(identity)
        .with_ingress_expiry(EXPIRY)
        .build()?;
    agent
        .fetch_root_key()
        .await
        .with_context(|| format!("{ic_url} does not tell its root key"))?;

    let backend = Canister::find_or_create(&agent, known.get("backend")).await?;
    let frontend = Canister::find_or_create(&agent, known.get("frontend")).await?;
    let identity = Canister::find_or_create(&agent, known.get("identity")).await?;
    let deployment = Deployment {
        backend: backend.id(),
        frontend: frontend.id(),
        identity: identity.id(),
        root_key: agent.read_root_key(),
    };

    let environment = Environment::new(&deployment, gateway_url, port);
    for (name, canister, module) in [
        ("backend", &backend, &artifacts.backend_wasm),
        ("frontend", &frontend, &artifacts.asset_canister_wasm),
        ("identity", &identity, &artifacts.identity_wasm),
    ] {
        let update = async {
            canister.set_environment(environment.variables()).await?;
            canister.install(&read(module)?).await
        };
        update
            .await
            .with_context(|| format!("cannot deploy {name} ({})", canister.id()))?;
    }
    let calls = AgentCalls {
        agent: &agent,
        id: frontend.id(),
    };
    upload(&calls, &artifacts.page, &environment).await?;
    Ok(deployment)
}

/// Makes the asset canister behind `calls` serve the files of `page`, and no others.
pub(crate) async fn upload(
    calls: &impl Calls,
    page: &Path,
    environment: &Environment,
) -> Result<()> {
    assets::sync(calls, page, environment)
        .await
        .context("cannot upload the page")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
