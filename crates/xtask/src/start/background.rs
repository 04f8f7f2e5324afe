//! Starts the supervisor in a session of its own, and waits until it is ready or has failed.

use std::{
    fs::{self, File},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{process::Command, time::sleep};

use super::{Setup, supervisor};
use crate::{layout::Layout, network_file::NetworkFile, process::terminate};

const POLL: Duration = Duration::from_millis(50);

pub(super) async fn start(layout: &Layout, setup: &Setup) -> Result<()> {
    fs::create_dir_all(layout.logs())?;
    let log_path = layout.logs().join("supervisor.log");
    let log =
        File::create(&log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
    let mut supervisor = Command::new(std::env::current_exe()?)
        .arg("supervise")
        .args(["--localnet-port", &setup.localnet_port.to_string()])
        .args(["--gateway-port", &setup.gateway_port.to_string()])
        .args(setup.test_api.then_some("--test-api"))
        .args(setup.app.iter().flat_map(|app| ["--app", app]))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start in the background")?;

    let ready = async {
        loop {
            if let Some(running) = NetworkFile::read(&layout.network_file())? {
                return anyhow::Ok(running);
            }
            sleep(POLL).await;
        }
    };
    tokio::select! {
        running = ready => {
            println!("{}\nscripts/stop ends it.", supervisor::summary(&running?));
            Ok(())
        }
        status = supervisor.wait() => {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            let error: Vec<_> = log.lines().skip_while(|line| !line.starts_with("error: ")).collect();
            let error = error.join("\n");
            let error = error.trim_start_matches("error: ");
            bail!("{error}\n({}; the whole story is in {})", status?, log_path.display())
        }
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            terminate(&supervisor);
            supervisor.wait().await?;
            bail!("interrupted before everything was ready; everything is stopped again")
        }
    }
}
