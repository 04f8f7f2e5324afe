//! The `icp` command, with which canisters are deployed to any network: by the identity selected there, as `icp.yaml` says.

mod sync;

use std::{
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;

pub use sync::sync;

/// The oldest version that takes what it is told here.
const OLDEST: (u32, u32) = (1, 5);

/// The command, about one environment of a project.
pub(crate) struct Icp<'a> {
    /// Anywhere in the project.
    folder: &'a Path,
    environment: &'a str,
}

impl<'a> Icp<'a> {
    pub(crate) fn new(folder: &'a Path, environment: &'a str) -> Self {
        Self {
            folder,
            environment,
        }
    }

    /// Which version it is, unless that is too old.
    pub(crate) fn version(&self) -> Result<String> {
        let said = self.run(&["--version"])?;
        let version = said.trim().trim_start_matches("icp ").to_owned();
        let mut numbers = version.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => Ok(version),
            _ => bail!(
                "this is icp {version}; {}.{} or later is needed",
                OLDEST.0,
                OLDEST.1
            ),
        }
    }

    /// Runs `icp <arguments>`; gives what it writes.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let written = self.finish(self.command(arguments), &[])?;
        String::from_utf8(written).context("icp has written something unreadable")
    }

    /// Runs `icp <arguments>` about the environment; gives what it writes.
    pub(crate) fn run_there(&self, arguments: &[&str]) -> Result<String> {
        self.run(&[arguments, &["--environment", self.environment]].concat())
    }

    /// Runs `icp canister <command> <canister> <arguments>` with `input`; gives what it writes, which is JSON.
    pub(crate) fn canister<T: DeserializeOwned>(
        &self,
        command: &[&str],
        canister: &str,
        arguments: &[&str],
        input: &[u8],
    ) -> Result<T> {
        let environment = ["--environment", self.environment];
        let all = [
            &["canister"][..],
            command,
            &[canister],
            arguments,
            &environment,
        ]
        .concat();
        let written = self.finish(self.command(&all), input)?;
        serde_json::from_slice(&written).context("icp has written something unexpected")
    }

    /// Runs `icp deploy`, which shows what it does and does not ask.
    pub(crate) fn deploy(&self) -> Result<()> {
        let status = self
            .command(&["deploy", "--yes", "--environment", self.environment])
            .status()
            .context("cannot run icp")?;
        ensure!(status.success(), "icp deploy failed: see above");
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut icp = Command::new("icp");
        icp.args(arguments)
            .current_dir(self.folder)
            // It allows only one of these.
            .env_remove("ICP_ENVIRONMENT")
            .env_remove("ICP_NETWORK")
            // Else it adds one to each error.
            .env("RUST_BACKTRACE", "0");
        icp
    }

    fn finish(&self, mut icp: Command, input: &[u8]) -> Result<Vec<u8>> {
        let started = icp
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut running = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "the icp command is not installed: npm install --global @icp-sdk/icp-cli, \
                 or see https://github.com/dfinity/icp-cli"
            ),
            started => started.context("cannot run icp")?,
        };
        let written = match running.stdin.take() {
            Some(mut stdin) => stdin.write_all(input),
            None => Ok(()),
        };
        let output = running.wait_with_output().context("cannot wait for icp")?;
        ensure!(output.status.success(), failure(&icp, &output));
        written.context("icp does not listen")?;
        Ok(output.stdout)
    }
}

fn failure(icp: &Command, output: &Output) -> String {
    let arguments: Vec<_> = icp.get_args().map(|it| it.to_string_lossy()).collect();
    let said = String::from_utf8_lossy(&output.stderr);
    format!("icp {} failed:\n{}", arguments.join(" "), said.trim())
}
