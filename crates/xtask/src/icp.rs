//! The sync step of `icp.yaml`: uploads the page to the canister that `icp deploy` has just installed.
//!
//! The calls go through the `icp` command itself, so that they are made by the identity selected there.

use std::{
    env,
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    build::Artifacts,
    deploy::{self, Calls, Environment},
    layout::Layout,
};

/// Makes the asset canister that `icp` names in the environment serve the page, as it was built.
pub async fn sync(layout: &Layout) -> Result<()> {
    let icp = Icp {
        canister: variable("ICP_CLI_CID")?,
        environment: variable("ICP_CLI_ENVIRONMENT")?,
    };
    let settings: Settings = icp.run(&["settings", "show"], &["--json"], &[])?;
    let variables = settings.environment_variables.into_iter();
    let variables = variables.map(|variable| (variable.name, variable.value));
    let environment = Environment::of(variables.collect());
    deploy::upload(&icp, &Artifacts::of(layout).page, &environment).await
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

/// The `icp` command, about one canister.
struct Icp {
    canister: String,
    environment: String,
}

impl Icp {
    /// Runs `icp canister <command> <canister> <arguments>` with `input`; gives what it writes, which is JSON.
    fn run<T: DeserializeOwned>(
        &self,
        command: &[&str],
        arguments: &[&str],
        input: &[u8],
    ) -> Result<T> {
        let mut icp = Command::new("icp")
            .arg("canister")
            .args(command)
            .arg(&self.canister)
            .args(arguments)
            .args(["--environment", &self.environment])
            // It allows only one of these.
            .env_remove("ICP_ENVIRONMENT")
            .env_remove("ICP_NETWORK")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run icp")?;
        let written = match icp.stdin.take() {
            Some(mut stdin) => stdin.write_all(input),
            None => Ok(()),
        };
        let output = icp.wait_with_output().context("cannot wait for icp")?;
        ensure!(
            output.status.success(),
            "icp canister {} failed: see above",
            command.join(" ")
        );
        written.context("icp does not listen")?;
        serde_json::from_slice(&output.stdout).context("icp has written something unexpected")
    }

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
            .run(&["call"], &arguments, argument)
            .with_context(|| format!("{method} failed"))?;
        Ok(hex::decode(reply.response_bytes)?)
    }
}

impl Calls for Icp {
    async fn query(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        self.call(method, &argument, &["--query"])
    }

    async fn update(&self, method: &str, argument: Vec<u8>) -> Result<Vec<u8>> {
        self.call(method, &argument, &[])
    }
}
