//! A part of the running instance: a child process with its log.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, PipeReader, Write},
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Error, Result, anyhow};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::process::{die_with_parent, terminate};

/// How long a part may take to end in good order before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// How many of the last lines explain the end of a part that died.
const LAST_LINES: usize = 15;

type LastLines = Arc<Mutex<VecDeque<String>>>;

/// A running child process.
pub(super) struct Part {
    name: &'static str,
    child: Child,
    last_lines: LastLines,
    log: Option<thread::JoinHandle<()>>,
}

impl Part {
    /// Runs `command`. Its output goes to `<logs>/<name>.log`, and to standard output behind its name, in the ANSI
    /// colour `colour` if that is a terminal.
    pub(super) fn spawn(
        name: &'static str,
        colour: u8,
        mut command: Command,
        logs: &Path,
    ) -> Result<Self> {
        let path = logs.join(format!("{name}.log"));
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let (output, input) = io::pipe()?;
        command
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .env("NO_COLOR", "1")
            // An error says what is wrong; where in the code it came up is for panics.
            .env("RUST_LIB_BACKTRACE", "0")
            // Ctrl-C goes to the whole group of the terminal; the parts wait for their turn.
            .process_group(0)
            .kill_on_drop(true);
        die_with_parent(&mut command);
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        // The command keeps the pipe's writing end, and the log ends only when nobody holds it any more.
        drop(command);

        let prefix = if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            format!("\x1b[{colour}m{name:>8} |\x1b[0m")
        } else {
            format!("{name:>8} |")
        };
        let last_lines = LastLines::default();
        let log = {
            let last_lines = last_lines.clone();
            thread::spawn(move || copy_log(output, file, &prefix, &last_lines))
        };
        Ok(Self {
            name,
            child,
            last_lines,
            log: Some(log),
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The process id; `None` when it has ended.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the part ends by itself, and says how it did.
    pub(super) async fn ended(&mut self) -> Error {
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        if let Some(log) = self.log.take() {
            // It has ended with the part, and a panic in it would have lost nothing but lines.
            let _ = log.join();
        }
        let last_lines = self
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let said: String = last_lines
            .iter()
            .map(|line| format!("\n  {line}"))
            .collect();
        match said.as_str() {
            "" => anyhow!("{} has ended ({how}) without a word", self.name),
            said => anyhow!("{} has ended ({how}); its last words:{said}", self.name),
        }
    }

    /// Asks the part to end, and kills it if it does not.
    pub(super) async fn stop(mut self) {
        terminate(&self.child);
        if timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            eprintln!("{} does not stop; killing it", self.name);
            if let Err(error) = self.child.kill().await {
                eprintln!("cannot kill {}: {error}", self.name);
            }
        }
        if let Some(log) = self.log.take() {
            let _ = log.join();
        }
    }
}

fn copy_log(output: PipeReader, mut file: File, prefix: &str, last_lines: &LastLines) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        // A full disk or a closed terminal must not stop the part, which waits for someone to read its output.
        let _ = writeln!(file, "{text}");
        let _ = writeln!(io::stdout().lock(), "{prefix} {text}");
        let mut last_lines = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if last_lines.len() == LAST_LINES {
            last_lines.pop_front();
        }
        last_lines.push_back(text.to_owned());
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, logs: &Path) -> Part {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Part::spawn("part", 36, command, logs).unwrap()
    }

    #[tokio::test]
    async fn a_part_that_dies_says_how_and_what_it_said_last() {
        let logs = tempfile::tempdir().unwrap();
        let mut part = shell("echo first; echo 'no luck' >&2; exit 3", logs.path());
        let error = part.ended().await.to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("first\n  no luck"), "{error}");
        let log = std::fs::read_to_string(logs.path().join("part.log")).unwrap();
        assert_eq!(log, "first\nno luck\n");
    }

    #[tokio::test]
    async fn a_part_is_asked_to_end_before_it_is_killed() {
        let logs = tempfile::tempdir().unwrap();
        let ready = logs.path().join("ready");
        let script = format!(
            "trap 'echo goodbye; exit 0' TERM; touch {}; while :; do sleep 0.01; done",
            ready.display()
        );
        let part = shell(&script, logs.path());
        while !ready.exists() {
            tokio::task::yield_now().await;
        }
        part.stop().await;
        let log = std::fs::read_to_string(logs.path().join("part.log")).unwrap();
        assert_eq!(log, "goodbye\n");
    }
}
