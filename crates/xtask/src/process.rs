//! Child processes, and processes that are known by their ids.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::process::{Child, Command};

/// Makes the system end the child when this process ends, even if it is killed.
pub fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    // SAFETY: between fork and exec only a system call is made, which touches no memory and takes no lock.
    unsafe {
        command.pre_exec(|| {
            Ok(rustix::process::set_parent_process_death_signal(Some(
                Signal::TERM,
            ))?)
        });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Asks a child to end; does nothing if it has ended.
pub fn terminate(child: &Child) {
    if let Some(pid) = child.id() {
        signal(pid, Signal::TERM);
    }
}

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
