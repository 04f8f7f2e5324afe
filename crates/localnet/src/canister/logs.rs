//! The newest lines a canister printed, for `fetch_canister_logs`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::execution::LOG_LINE_OVERHEAD;

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

impl LogLine {
    fn bytes(&self) -> usize {
        self.content.len() + LOG_LINE_OVERHEAD
    }
}

/// The newest lines of a canister.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Logs {
    lines: VecDeque<LogLine>,
    bytes: usize,
    next_number: u64,
}

impl Logs {
    /// Adds a line, cut to fit in `max_bytes`; the oldest ones make room.
    pub fn push(&mut self, time_ns: u64, mut content: Vec<u8>, max_bytes: usize) {
        content.truncate(max_bytes.saturating_sub(LOG_LINE_OVERHEAD));
        let line = LogLine {
            number: self.next_number,
            time_ns,
            content,
        };
        self.next_number += 1;
        self.bytes += line.bytes();
        self.lines.push_back(line);
        while self.bytes > max_bytes {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
    }

    /// Forgets all lines, but not how many there were.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.bytes = 0;
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

    const MAX_BYTES: usize = 4096;

    #[test]
    fn the_newest_lines_are_kept() {
        let mut logs = Logs::default();
        for n in 0..10 {
            let quarter = vec![b'x'; MAX_BYTES / 4 - LOG_LINE_OVERHEAD];
            logs.push(n, quarter, MAX_BYTES);
        }
        let numbers: Vec<u64> = logs.lines().map(|line| line.number).collect();
        assert_eq!(numbers, [6, 7, 8, 9]);
        logs.push(10, vec![b'y'; 2 * MAX_BYTES], MAX_BYTES);
        assert_eq!(logs.lines().count(), 1);
        assert_eq!(logs.bytes(), MAX_BYTES);
    }

    #[test]
    fn empty_lines_make_room_too() {
        let mut logs = Logs::default();
        for n in 0..1000 {
            logs.push(n, Vec::new(), MAX_BYTES);
        }
        assert_eq!(logs.lines().count(), MAX_BYTES / LOG_LINE_OVERHEAD);
        assert_eq!(logs.lines().last().map(|line| line.number), Some(999));
    }
}
