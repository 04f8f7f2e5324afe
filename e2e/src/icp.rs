//! The `icp` command line, with a home and an identity of its own.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

const PACKAGE: &str = "js/node_modules/@icp-sdk/icp-cli-linux-x64/bin";

/// Longer than for anything else: a deployment builds what has changed, which may be every canister.
const DEADLINE: Duration = Duration::from_secs(600);

/// The command, as the published package has it.
pub struct Icp {
    home: TempDir,
    path: PathBuf,
}

impl Icp {
    /// Makes an identity and selects it.
    pub async fn new() -> Result<Self> {
        let icp = Self {
            home: tempfile::tempdir()?,
            path: Path::new(env!("CARGO_MANIFEST_DIR")).join(PACKAGE),
        };
        ensure!(
            icp.path.join("icp").exists(),
            "the icp command is not installed: run scripts/test, which installs it first"
        );
        let seed = icp.home.path().join("seed");
        let new = ["identity", "new", "tester", "--storage", "plaintext"];
        let output = ["--output-seed".as_ref(), seed.as_os_str()];
        icp.run(new.map(OsStr::new).into_iter().chain(output))
            .await?;
        icp.run(["identity", "default", "tester"]).await?;
        Ok(icp)
    }

    /// A folder for what is not to outlive the test; projects, for example.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Runs `icp` with these arguments; gives what it writes to its standard output.
    ///
    /// # Errors
    /// With all that it has written, if it fails.
    pub async fn run(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<String> {
        let mut icp = self.command(self.path.join("icp"))?;
        icp.args(arguments);
        let output = timeout(DEADLINE, icp.output())
            .await
            .with_context(|| format!("waited {DEADLINE:?} in vain for {:?}", icp.as_std()))?
            .context("cannot run icp")?;
        let written = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{:?} failed:\n{written}{}",
            icp.as_std(),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(written)
    }

    /// How to run a `program` that finds the command, with the identity and the project that are here.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(
            [self.path.clone()]
                .into_iter()
                .chain(env::split_paths(&path)),
        )?;
        let mut command = Command::new(program);
        command
            .env("PATH", path)
            .env_remove("ICP_ENVIRONMENT")
            .env_remove("ICP_NETWORK")
            .env("ICP_HOME", self.home.path().join("icp"))
            .env("ICP_PROJECT_ROOT", self.home.path())
            .env("DO_NOT_TRACK", "1")
            .env("RUST_BACKTRACE", "0")
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }
}
