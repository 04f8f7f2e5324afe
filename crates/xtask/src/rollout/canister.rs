//! A canister as it is on the network, and what becomes of it.

use std::fmt;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::project::Target;
use crate::{
    build::{Module, version},
    icp::Icp,
};

/// What `icp canister status` says of a canister.
#[derive(Debug, Deserialize)]
pub(super) struct Deployed {
    pub id: String,
    module_hash: Option<String>,
    /// Told to controllers only, as what follows.
    cycles: Option<String>,
    idle_cycles_burned_per_day: Option<String>,
}

impl Deployed {
    /// The canister of this name; `None` if it was never created.
    pub(super) fn find(icp: &Icp<'_>, target: &Target, name: &str) -> Result<Option<Self>> {
        if !target.has_created(name)? {
            return Ok(None);
        }
        let deployed: Self = icp.canister(&["status"], name, &["--json"], &[])?;
        ensure!(
            deployed.cycles.is_some(),
            "{name} ({}) has other controllers: icp has the wrong identity selected",
            deployed.id
        );
        Ok(Some(deployed))
    }

    /// Of what is installed, in hexadecimal.
    pub(super) fn module_hash(&self) -> Option<&str> {
        let hash = self.module_hash.as_deref()?;
        Some(hash.trim_start_matches("0x"))
    }

    /// For how many days its cycles last while nothing happens; `None` if it costs nothing.
    pub(super) fn days_left(&self) -> Option<u128> {
        let burned = number(self.idle_cycles_burned_per_day.as_deref()?)?;
        number(self.cycles.as_deref()?)?.checked_div(burned)
    }
}

/// A number as `icp` writes it: `2_000_000`.
pub(super) fn number(text: &str) -> Option<u128> {
    text.replace('_', "").parse().ok()
}

/// What is done with a canister.
pub(super) struct Step {
    pub module: Module,
    /// As it is now; `None` if it was never created.
    pub deployed: Option<Deployed>,
}

impl Step {
    /// Of what is installed now, in hexadecimal.
    fn installed(&self) -> Option<&str> {
        self.deployed.as_ref()?.module_hash()
    }

    pub(super) fn creates(&self) -> bool {
        self.deployed.is_none()
    }

    pub(super) fn replaces_module(&self) -> bool {
        self.installed()
            .is_some_and(|hash| hash != self.module.hash)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Module { name, hash, .. } = &self.module;
        let version = version();
        match self.installed() {
            None if self.creates() => {
                write!(f, "{name} is created, with version {version}, {hash}")
            }
            None => write!(
                f,
                "{name} is there and empty: version {version} is installed, {hash}"
            ),
            Some(installed) if installed == hash => {
                write!(f, "{name} is upgraded to the version that it has, {hash}")
            }
            Some(installed) => write!(
                f,
                "{name} is upgraded to version {version}, from {installed} to {hash}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn deployed(module_hash: Option<&str>, cycles: &str, burned: &str) -> Deployed {
        Deployed {
            id: "aaaaa-aa".to_owned(),
            module_hash: module_hash.map(str::to_owned),
            cycles: Some(cycles.to_owned()),
            idle_cycles_burned_per_day: Some(burned.to_owned()),
        }
    }

    #[test]
    fn each_canister_gets_what_it_lacks() {
        let step = |deployed| {
            let module = Module {
                name: "backend",
                path: PathBuf::new(),
                hash: "c0ffee".to_owned(),
            };
            Step { module, deployed }.to_string()
        };
        let with = |hash| step(Some(deployed(hash, "0", "0")));
        assert!(step(None).contains("created"));
        assert!(with(None).contains("empty"));
        assert!(with(Some("0xc0ffee")).contains("the version that it has"));
        assert!(with(Some("0xbad")).contains("from bad to c0ffee"));
    }

    #[test]
    fn cycles_last_for_so_many_days() {
        assert_eq!(deployed(None, "2_000", "1_00").days_left(), Some(20));
        assert_eq!(deployed(None, "2_000", "0").days_left(), None);
    }
}
