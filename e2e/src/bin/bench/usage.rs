//! What a process takes up, as Linux tells it.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// At some moment.
#[derive(Clone, Copy)]
pub struct Usage {
    /// The processor time of its threads so far.
    pub cpu: Duration,
    /// The resident memory, in KiB.
    pub resident_kib: f64,
}

impl Usage {
    /// Of the process of that id.
    pub fn of(pid: u32) -> Result<Self> {
        let dir = format!("/proc/{pid}");
        Self::read(&dir).with_context(|| format!("{dir} does not tell what the process takes up"))
    }

    fn read(dir: &str) -> Result<Self> {
        let mut cpu = Duration::ZERO;
        for thread in fs::read_dir(format!("{dir}/task"))? {
            // Nanoseconds, other than in `stat`, where ticks are too long for what is measured here.
            let figures = fs::read_to_string(thread?.path().join("schedstat"))?;
            let running = figures.split(' ').next().context("schedstat is empty")?;
            cpu += Duration::from_nanos(running.parse()?);
        }
        let status = fs::read_to_string(format!("{dir}/status"))?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix(" kB"))
            .context("no VmRSS")?;
        Ok(Self {
            cpu,
            resident_kib: resident.trim().parse()?,
        })
    }
}
