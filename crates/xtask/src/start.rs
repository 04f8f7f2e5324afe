//! `scripts/start`: checks, builds, and brings up an instance, here or in the background.

mod background;
mod canister_ids;
mod part;
mod ready;
mod supervisor;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    app::App,
    build,
    files::{remove, remove_folder},
    instance::Instance,
    layout::Layout,
    network_file::NetworkFile,
    ports::{self, Wanted},
};

/// How to start.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Forget the state of the local network: every canister and every message.
    #[arg(long)]
    clean: bool,
    /// Return as soon as everything answers; `scripts/stop` ends it.
    #[arg(long)]
    background: bool,
    #[command(flatten)]
    setup: Setup,
}

/// How the parts run: for which app, where they listen, on the loopback interface, and with what.
#[derive(Args, Clone, Debug)]
pub struct Setup {
    /// The app: the one in backend/ and frontend/ unless given, else one of examples/.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The port of the local network and the page.
    #[arg(long, env = "LOCALNET_PORT", default_value_t = 4943, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    localnet_port: u16,
    /// The port of the gateway.
    #[arg(long, env = "GATEWAY_PORT", default_value_t = 8080, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    gateway_port: u16,
    /// Let tests move the clock of the local network and make it misbehave.
    #[arg(long)]
    test_api: bool,
}

impl Setup {
    fn check_ports(&self) -> Result<()> {
        ports::check(&[
            Wanted {
                part: "the local network",
                port: self.localnet_port,
                flag: "--localnet-port",
                variable: "LOCALNET_PORT",
            },
            Wanted {
                part: "the gateway",
                port: self.gateway_port,
                flag: "--gateway-port",
                variable: "GATEWAY_PORT",
            },
        ])
    }
}

/// Starts an instance; in the foreground, returns when it has ended.
pub async fn run(layout: &Layout, options: Options) -> Result<()> {
    let app = App::named(layout, options.setup.app.as_deref())?;
    let instance = become_instance(layout)?;
    options.setup.check_ports()?;
    if options.clean {
        forget(layout)?;
    }
    build::all(layout, &app)?;
    if options.background {
        drop(instance);
        background::start(layout, &options.setup).await
    } else {
        supervisor::supervise(layout, &options.setup).await
    }
}

/// Runs an instance that outlives the terminal it was started from.
pub async fn supervise_detached(layout: &Layout, setup: Setup) -> Result<()> {
    rustix::process::setsid().context("cannot leave the terminal's session")?;
    let _instance = become_instance(layout)?;
    supervisor::supervise(layout, &setup).await
}

fn become_instance(layout: &Layout) -> Result<Instance> {
    let pid = match Instance::acquire(&layout.instance_lock())? {
        Ok(instance) => {
            // Left behind by an instance that was killed.
            NetworkFile::remove(&layout.network_file())?;
            return Ok(instance);
        }
        Err(pid) => pid,
    };
    match NetworkFile::read(&layout.network_file())? {
        Some(running) => bail!(
            "{} is already running (process {pid}): {}\nscripts/stop ends it",
            running.app,
            supervisor::summary(&running)
        ),
        None => bail!("already starting or stopping (process {pid}); scripts/stop ends it"),
    }
}

fn forget(layout: &Layout) -> Result<()> {
    remove_folder(&layout.state())?;
    let ids = [Some(layout.canister_ids()), layout.icp_canister_ids()];
    ids.iter().flatten().try_for_each(|ids| remove(ids))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Forgets the state that is kept in `local`; gives whether the ids of the `icp` command are still there.
    fn icp_remembers(local: &str) -> bool {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), "target".as_ref(), local.as_ref());
        let icp = root.path().join(".icp/data/mappings");
        let own = [layout.state(), layout.canister_ids()];
        fs::create_dir_all(layout.state()).unwrap();
        fs::create_dir_all(&icp).unwrap();
        let ids = icp.join("local.ids.json");
        for ids in [&layout.canister_ids(), &ids, &icp.join("ic.ids.json")] {
            fs::write(ids, "{}").unwrap();
        }

        forget(&layout).unwrap();
        assert!(!own.iter().any(|path| path.exists()));
        assert!(icp.join("ic.ids.json").exists());
        // It does not matter that nothing is there any more.
        forget(&layout).unwrap();
        ids.exists()
    }

    #[test]
    fn the_icp_command_forgets_with_the_network_of_its_project_only() {
        assert!(!icp_remembers(".local"));
        assert!(icp_remembers(".another"));
    }
}
