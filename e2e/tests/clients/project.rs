//! This project as `icp` sees it, in another folder, with a network and a gateway of its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Context, Result, ensure};
use e2e::{icp::Icp, network::Network};
use serde_json::Value;
use tokio::{fs, process::Command};

/// The network's name for `scripts/deploy`.
pub const NAME: &str = "staging";
/// A second controller.
pub const BACKUP: &str = "rrkah-fqaaa-aaaaa-aaaaq-cai";

/// A copy of `icp.yaml`, and where its commands lead to.
pub struct Project {
    pub icp: Icp,
    pub network: Network,
    root: PathBuf,
}

impl Project {
    /// Nothing is deployed.
    pub async fn new() -> Result<Self> {
        let network = Network::start().await?;
        let icp = Icp::new().await?;
        // Wherever the workspace is, commands can name it without quotes by this.
        let root = icp.folder().join("workspace");
        fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &root).await?;
        let project = Self { icp, network, root };
        let manifest = fs::read_to_string(project.root.join("icp.yaml")).await?;
        fs::write(
            project.manifest(),
            manifest + project.environment().as_str(),
        )
        .await?;
        let root = project.root.display();
        let port = project.network.port();
        project
            .replace(&[
                ("localhost:4943", format!("localhost:{port}")),
                ("ws://127.0.0.1:8080", project.network.gateway_url.clone()),
                ("scripts/xtask", format!("{root}/scripts/xtask")),
                (
                    "CARGO_TARGET_DIR:-target",
                    format!("CARGO_TARGET_DIR:-{root}/target"),
                ),
            ])
            .await?;
        Ok(project)
    }

    /// One such as a production's.
    fn environment(&self) -> String {
        let gateway = self.network.gateway_principal;
        format!(
            "
  - name: {NAME}
    network: local
    settings:
      backend:
        freezing_threshold: 90d
        controllers: [{BACKUP}]
        environment_variables:
          GATEWAYS: {gateway}
      frontend:
        freezing_threshold: 90d
        environment_variables:
          PUBLIC_GATEWAY_URLS: ws://127.0.0.1:8080
          CUSTOM_DOMAINS: chat.example
"
        )
    }

    fn manifest(&self) -> PathBuf {
        self.icp.folder().join("icp.yaml")
    }

    /// Changes what the manifest says. All of it must be there.
    pub async fn replace(&self, changes: &[(&str, String)]) -> Result<()> {
        let mut manifest = fs::read_to_string(self.manifest()).await?;
        for (from, to) in changes {
            ensure!(
                manifest.contains(from),
                "icp.yaml does not contain `{from}`"
            );
            manifest = manifest.replace(from, to);
        }
        Ok(fs::write(self.manifest(), manifest).await?)
    }

    /// `scripts/deploy`, with these arguments besides.
    pub fn deployment(&self, network: &str, arguments: &[&str]) -> Result<Command> {
        let mut deploy = self.icp.command(self.root.join("scripts/deploy"))?;
        deploy.args(["--network", network]).args(arguments);
        Ok(deploy)
    }

    /// Runs `scripts/deploy`, which must succeed; gives what it says.
    pub async fn deploy(&self, arguments: &[&str]) -> Result<String> {
        outcome(&self.deployment(NAME, arguments)?.output().await?)
    }

    /// Runs `scripts/deploy`, which must refuse; gives why.
    pub async fn refusal(&self, network: &str, arguments: &[&str]) -> Result<String> {
        let output = self.deployment(network, arguments)?.output().await?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "it did not refuse: {errors}");
        Ok(errors.into_owned())
    }

    /// The ids of the canisters that were created, by name.
    pub async fn canisters(&self) -> Result<BTreeMap<String, String>> {
        let ids = format!(".icp/data/mappings/{NAME}.ids.json");
        let ids = fs::read(self.icp.folder().join(ids)).await;
        Ok(serde_json::from_slice(&ids.context("no canisters")?)?)
    }

    /// What `icp` tells about a canister.
    pub async fn status(&self, canister: &str) -> Result<Value> {
        let arguments = ["canister", "status", canister, "--json", "-e", NAME];
        Ok(serde_json::from_str(&self.icp.run(arguments).await?)?)
    }

    /// The address of the page.
    pub async fn page(&self) -> Result<String> {
        let frontend = &self.canisters().await?["frontend"];
        let port = self.network.port();
        Ok(format!("http://{frontend}.localhost:{port}/"))
    }
}

/// What a deployment that must have succeeded said.
pub fn outcome(output: &Output) -> Result<String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}{errors}");
    Ok(said.into_owned())
}
