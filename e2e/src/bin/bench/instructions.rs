//! What executions take, as the network tells in its log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use e2e::wait::until;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::ChildStderr,
};

/// What a network has to log for that.
pub const LOGGED: &str = "warn,ic_localnet::execution=debug";

/// All executions of a function so far.
#[derive(Clone, Copy, Default)]
pub struct Executions {
    pub count: u64,
    pub instructions: u64,
}

impl Executions {
    /// What one took, of those since `earlier`.
    pub fn each_since(&self, earlier: &Self) -> f64 {
        let instructions = self.instructions - earlier.instructions;
        instructions as f64 / (self.count - earlier.count) as f64
    }
}

type ByFunction = BTreeMap<String, Executions>;

/// Counts what a network executes.
pub struct Instructions(Arc<Mutex<ByFunction>>);

impl Instructions {
    /// Reads what it tells, and passes everything else on.
    pub fn in_log(log: ChildStderr) -> Self {
        let counted = Arc::new(Mutex::new(ByFunction::new()));
        let counting = Arc::clone(&counted);
        tokio::spawn(async move {
            let mut lines = BufReader::new(log).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Some((function, instructions)) = parse(&line) else {
                    eprintln!("{line}");
                    continue;
                };
                let mut counted = counting.lock().unwrap_or_else(PoisonError::into_inner);
                let executions = counted.entry(function.to_owned()).or_default();
                executions.count += 1;
                executions.instructions += instructions;
            }
        });
        Self(counted)
    }

    /// All executions of a function so far that were told.
    pub fn of(&self, function: &str) -> Executions {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.get(function).copied().unwrap_or_default()
    }

    /// What each of so many calls of a function takes. There must be no others meanwhile.
    pub async fn each(
        &self,
        function: &str,
        calls: u64,
        make: impl Future<Output = Result<()>>,
    ) -> Result<f64> {
        let before = self.of(function);
        make.await?;
        // The log comes on a way of its own.
        until("the instructions of all calls", || async {
            let now = self.of(function);
            Ok((now.count >= before.count + calls).then(|| now.each_since(&before)))
        })
        .await
    }
}

/// A function's name and what its execution took, in `… function=Export("canister_query x") instructions=1`.
fn parse(line: &str) -> Option<(&str, u64)> {
    let (_, rest) = line.split_once("function=")?;
    let (target, instructions) = rest.split_once(" instructions=")?;
    let function = match target.strip_prefix("Export(\"") {
        Some(export) => export.strip_suffix("\")")?,
        None => target,
    };
    Some((function, instructions.trim_end().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn executions_are_found_in_the_log() {
        let line = "2026-01-01T00:00:00Z DEBUG ic_localnet::execution::instance: executed canister=aaaaa-aa function=";
        let parsed = |rest: &str| parse(&format!("{line}{rest}")).map(|it| (it.0.to_owned(), it.1));
        let query = parsed("Export(\"canister_query x\") instructions=12");
        assert_eq!(query, Some(("canister_query x".to_owned(), 12)));
        assert_eq!(
            parsed("Start instructions=3"),
            Some(("Start".to_owned(), 3))
        );
        assert_eq!(parsed("Start"), None);
        assert_eq!(parse("WARN ic_localnet: trapped"), None);
    }
}
