//! The local identity provider, and who signs in with it.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use candid::Principal;
use ic_agent::{
    Agent, Identity,
    identity::{Delegation, SignedDelegation},
};
use serde_json::{Value, json};
use xtask::{build::Artifacts, layout::Layout};

use crate::{artifact, canister::Canister, network::Network};

/// The canister on a network.
pub struct IdentityProvider {
    host: String,
    network: SocketAddr,
    http: reqwest::Client,
}

/// What somebody who signs in gets.
pub struct SignIn {
    /// The public key that is theirs at that origin, DER.
    pub public_key: Vec<u8>,
    /// What lets the session's key sign for it.
    pub delegation: SignedDelegation,
}

impl SignIn {
    /// Who has signed in.
    pub fn principal(&self) -> Principal {
        Principal::self_authenticating(&self.public_key)
    }
}

impl IdentityProvider {
    /// Installs it.
    pub async fn install(network: &Network, agent: &Agent) -> Result<Self> {
        let module = Artifacts::of(&Layout::of_this_workspace()).identity_wasm;
        let id = Canister::create(agent, artifact::read(&module)?, ())
            .await?
            .id;
        let host = format!("{id}.localhost");
        let http = reqwest::Client::builder()
            .no_proxy()
            .resolve(&host, network.address())
            .build()?;
        Ok(Self {
            host,
            network: network.address(),
            http,
        })
    }

    /// The address of the page where people sign in.
    pub fn url(&self) -> String {
        self.at("/authorize")
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.host, self.network.port())
    }

    /// What is served at `path`.
    pub async fn get(&self, path: &str) -> Result<reqwest::Response> {
        Ok(self.http.get(self.at(path)).send().await?)
    }

    /// Asks as the page does; gives the status and what the answer says.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let request = self.http.post(self.at(path)).body(body.to_string());
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, serde_json::from_slice(&response.bytes().await?)?))
    }

    /// Signs `person` in at `origin`, with the key of `session`.
    pub async fn sign_in(
        &self,
        person: &str,
        origin: &str,
        session: &impl Identity,
        max_time_to_live: u64,
    ) -> Result<SignIn> {
        let key = session.public_key().context("nobody's session")?;
        let mut wanted = json!({
            "person": person,
            "origin": origin,
            "publicKey": STANDARD.encode(key),
            "maxTimeToLive": max_time_to_live.to_string(),
        });
        let (status, prepared) = self.post("/delegation/prepare", &wanted).await?;
        ensure!(status == 200, "{status}: {prepared}");
        wanted["expiration"] = prepared["expiration"].clone();
        let (status, signed) = self.post("/delegation", &wanted).await?;
        ensure!(status == 200, "{status}: {signed}");
        let [signed_delegation] = signed["signerDelegation"]
            .as_array()
            .map_or(&[][..], |all| all)
        else {
            anyhow::bail!("not one delegation: {signed}");
        };
        let delegation = &signed_delegation["delegation"];
        Ok(SignIn {
            public_key: bytes(&signed["publicKey"])?,
            delegation: SignedDelegation {
                delegation: Delegation {
                    pubkey: bytes(&delegation["pubkey"])?,
                    expiration: delegation["expiration"]
                        .as_str()
                        .context("no expiration")?
                        .parse()?,
                    targets: None,
                    permissions: None,
                },
                signature: bytes(&signed_delegation["signature"])?,
            },
        })
    }
}

fn bytes(text: &Value) -> Result<Vec<u8>> {
    Ok(STANDARD.decode(text.as_str().context("a text is missing")?)?)
}
