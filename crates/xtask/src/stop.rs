//! `scripts/stop`: ends the running instance, and waits until all of it is gone.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};

use crate::{instance::Instance, layout::Layout, network_file::NetworkFile};

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

fn is_alive(pid: u32) -> bool {
    to_pid(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = to_pid(pid) {
        // It can fail only if the process has just ended, which is what is wanted.
        let _ = kill_process(pid, signal);
    }
}

fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(pid.try_into().ok()?)
}
