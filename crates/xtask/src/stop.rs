//! `scripts/stop`: ends the running instance, and waits until all of it is gone.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, bail};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::{
    instance::Instance,
    layout::Layout,
    network_file::NetworkFile,
    process::{is_alive, signal},
};

/// The supervisor gives each part its time to end; this is more than all of them together.
const STOP_WITHIN: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(50);

/// Stops the instance of this workspace, if one runs.
pub async fn run(layout: &Layout) -> Result<()> {
    let Some(supervisor) = Instance::running(&layout.instance_lock())? else {
        NetworkFile::remove(&layout.network_file())?;
        println!("Nothing is running.");
        return Ok(());
    };
    let mut pids = BTreeSet::from([supervisor]);
    if let Some(network) = NetworkFile::read(&layout.network_file())? {
        pids.extend(network.pids.values());
    }
    signal(supervisor, Signal::TERM);
    if all_gone(&pids, STOP_WITHIN).await {
        println!("Stopped.");
        return Ok(());
    }
    pids.iter().for_each(|&pid| signal(pid, Signal::KILL));
    NetworkFile::remove(&layout.network_file())?;
    if all_gone(&pids, STOP_WITHIN).await {
        println!("Stopped by force: some part did not end when asked to.");
        return Ok(());
    }
    bail!("some of the processes {pids:?} cannot be ended")
}

async fn all_gone(pids: &BTreeSet<u32>, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    while pids.iter().any(|&pid| is_alive(pid)) {
        if Instant::now() >= deadline {
            return false;
        }
        sleep(POLL).await;
    }
    true
}
