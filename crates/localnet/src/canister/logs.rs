//! The newest lines a canister printed, for `fetch_canister_logs`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Bytes of lines kept per canister; the replica keeps as many.
const MAX_BYTES: usize = 4096;

/// A line that was printed, or the text of a trap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number since the canister was created.
    pub number: u64,
    /// When it was printed, in nanoseconds since the epoch.
    pub time_ns: u64,
    /// The line.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

/// The newest lines of a canister.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Logs {
    lines: VecDeque<LogLine>,
    bytes: usize,
    next_number: u64,
}

impl Logs {
    /// Adds a line; the oldest ones make room.
    pub fn push(&mut self, time_ns: u64, mut content: Vec<u8>) {
        content.truncate(MAX_BYTES);
        self.bytes += content.len();
        self.lines.push_back(LogLine {
            number: self.next_number,
            time_ns,
            content,
        });
        self.next_number += 1;
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.content.len();
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter()
    }

    /// Bytes of lines kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept() {
        let mut logs = Logs::default();
        for n in 0..10 {
            logs.push(n, vec![b'x'; MAX_BYTES / 4]);
        }
        let numbers: Vec<u64> = logs.lines().map(|line| line.number).collect();
        assert_eq!(numbers, [6, 7, 8, 9]);
        logs.push(10, vec![b'y'; 2 * MAX_BYTES]);
        assert_eq!(logs.lines().count(), 1);
        assert_eq!(logs.bytes(), MAX_BYTES);
    }
}
