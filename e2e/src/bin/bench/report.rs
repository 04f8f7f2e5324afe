//! What was measured: as a table for people, as JSON for programs.

use std::{collections::BTreeMap, fmt};

use anyhow::{Result, ensure};

/// A figure beside its reference.
pub struct Row {
    /// The figure's name in JSON, unit included.
    pub key: String,
    /// What is measured.
    pub what: String,
    pub unit: Unit,
    pub value: f64,
    /// What the reference is, and its value in the same unit, measured in the same run.
    pub reference: (String, f64),
    /// What the figure should be.
    pub aim: &'static str,
}

/// What figures are measured in.
#[derive(Clone, Copy)]
pub enum Unit {
    PerSecond,
    Microseconds,
    Milliseconds,
    Seconds,
    Times,
    Instructions,
    Cycles,
    Bytes,
    Kibibytes,
    Mebibytes,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{value:.0} /s"),
            Self::Microseconds => format!("{} µs", grouped(value)),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Seconds => format!("{value:.2} s"),
            // Of what is a small part, the digits that count come late.
            Self::Times if value < 0.1 => format!("{value:.4} ×"),
            Self::Times => format!("{value:.2} ×"),
            Self::Instructions => format!("{} instr", grouped(value)),
            Self::Cycles => format!("{} cycles", grouped(value)),
            Self::Bytes => format!("{} B", grouped(value)),
            Self::Kibibytes => format!("{value:.1} KiB"),
            Self::Mebibytes => format!("{value:.1} MiB"),
        }
    }
}

/// With commas between the thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// All figures of a run.
#[derive(Default)]
pub struct Report(Vec<Row>);

impl Report {
    pub fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// One flat object: for each row its figure, the reference, and how many times the reference it is.
    pub fn json(&self) -> Result<String> {
        let mut figures = BTreeMap::new();
        for row in &self.0 {
            figures.insert(row.key.clone(), row.value);
            figures.insert(format!("{}_reference", row.key), row.reference.1);
            figures.insert(format!("{}_ratio", row.key), row.ratio());
        }
        let nonsense = figures.iter().find(|(_, value)| !value.is_finite());
        ensure!(nonsense.is_none(), "not a number: {nonsense:?}");
        Ok(serde_json::to_string_pretty(&figures)? + "\n")
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.value / self.reference.1
    }

    fn cells(&self) -> [String; 6] {
        let (what, value) = &self.reference;
        [
            self.what.clone(),
            self.unit.show(self.value),
            self.aim.to_owned(),
            what.clone(),
            self.unit.show(*value),
            Unit::Times.show(self.ratio()),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "measured", "aim", "reference", "", "ratio"].map(str::to_owned);
        let table: Vec<_> = std::iter::once(head)
            .chain(self.0.iter().map(Row::cells))
            .collect();
        for cells in &table {
            for (column, cell) in cells.iter().enumerate() {
                let lengths = table.iter().map(|cells| cells[column].chars().count());
                let width = lengths.max().unwrap_or_default();
                match column {
                    0 | 3 => write!(f, "{cell:width$}  ")?,
                    _ => write!(f, "{cell:>width$}  ")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_can_be_read() {
        let shown = [0.0, 999.0, 1000.0, 999_999.6].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,000,000"]);
    }
}
