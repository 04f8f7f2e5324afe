//! Each connection takes a file descriptor, here and in the gateway, which inherits the limit.

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open beside the connections, at most.
const OTHERS: u64 = 500;

/// Allows as many connections as the system lets this process have; fails if that is too few.
pub fn allow_connections(connections: u64) -> Result<()> {
    let needed = connections + OTHERS;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    ensure!(
        maximum.is_none_or(|maximum| maximum >= needed),
        "{connections} connections need {needed} open files, and the system allows {}: raise the hard limit \
         (ulimit -Hn {needed}, as root), or measure with --quick",
        maximum.unwrap_or_default()
    );
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")
}
