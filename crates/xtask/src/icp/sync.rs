//! The sync step of `icp.yaml`: uploads the page to the canister that `icp deploy` has just installed.

use std::{env, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Icp;
use crate::{
    build::Artifacts,
    deploy::{self, Calls, Environment},
    layout::Layout,
};

/// Makes the asset canister that `icp` names in the environment serve the page, as it was built.
pub async fn sync(layout: &Layout) -> Result<()> {
    let environment = variable("ICP_CLI_ENVIRONMENT")?;
    let canister = AssetCanister {
        icp: Icp::new(Path::new("."), &environment),
        id: variable("ICP_CLI_CID")?,
    };
    let settings: Settings =
        canister
            .icp
            .canister(&["settings", "show"], &canister.id, &["--json"], &[])?;
    let variables = settings.environment_variables.into_iter();
    let variables = variables.map(|variable| (variable.name, variable.value));
    let environment = Environment::of(variables.collect());
    deploy::upload(&canister, &Artifacts::of(layout).page, &environment).await
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| {
        format!("{name} is not set: this is a step of `icp deploy`, and not to be run by itself")
    })
}

#[derive(Deserialize)]
struct Settings {
    environment_variables: Vec<Variable>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Reply {
    /// In hexadecimal.
    response_bytes: String,
}

/// Called through the `icp` command, so that it is by the identity selected there.
struct AssetCanister<'a> {
    icp: Icp<'a>,
    id: String,
}

impl AssetCanister<'_> {
    fn call(&self, method: &str, argument: &[u8], options: &[&str]) -> Result<Vec<u8>> {
        let binary = [
            "--args-file",
            "/dev/stdin",
            "--args-format",
            "bin",
            "--json",
        ];
        let arguments = [&[method], &binary[..], options].concat();
        let reply: Reply = self
            .icp
            .canister(&["call"], &self.id, &arguments, argument)
            .with_context(|| format!("{method} failed"))?;
        Ok(hex::decode(reply.response_bytes)?)
    }
}

impl Calls for AssetCanister<'_> {
    async fn query(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        self.call(method, &argument, &["--query"])
    }

    async fn update(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        self.call(method, &argument, &[])
    }
}
