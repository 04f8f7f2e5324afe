//! Signals to processes that are known by their ids.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Sends `signal` to the process; does nothing if it has ended.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = to_pid(pid) {
        // It can fail only if the process has just ended, which is what is wanted.
        let _ = kill_process(pid, signal);
    }
}

/// Whether the process has not ended yet.
pub(crate) fn is_alive(pid: u32) -> bool {
    to_pid(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(pid.try_into().ok()?)
}
