//! `.local/canister_ids.json`: the canisters that the local network has been given, of all apps, so that each finds its own
//! again.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{
    app::App,
    deploy::KnownCanisters,
    files::{read_json, write_json},
};

/// The one canister that all apps share.
const SHARED: &str = "identity";

/// The ids of the canisters: by name; those of the examples with the app in front of it.
#[derive(Debug)]
pub(super) struct CanisterIds {
    path: PathBuf,
    ids: KnownCanisters,
}

impl CanisterIds {
    /// Reads the file; without one, there are none.
    pub(super) fn read(path: PathBuf) -> Result<Self> {
        let ids = read_json(&path).context("scripts/start --clean starts over")?;
        let ids = ids.unwrap_or_default();
        Ok(Self { path, ids })
    }

    /// The canisters of an app, by name.
    pub(super) fn of(&self, app: &App) -> KnownCanisters {
        let own = ["backend", "frontend", SHARED];
        own.into_iter()
            .filter_map(|name| Some((name.to_owned(), *self.ids.get(&key(app, name))?)))
            .collect()
    }

    /// Writes down the canisters of an app.
    pub(super) fn keep(&mut self, app: &App, canisters: &KnownCanisters) -> Result<()> {
        let canisters = canisters.iter();
        self.ids
            .extend(canisters.map(|(name, id)| (key(app, name), *id)));
        write_json(&self.path, &self.ids)
    }
}

fn key(app: &App, name: &str) -> String {
    match app.is_main() || name == SHARED {
        true => name.to_owned(),
        false => format!("{}/{name}", app.name()),
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;

    use super::*;
    use crate::app::MAIN;

    #[test]
    fn each_app_finds_its_own_canisters_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("canister_ids.json");
        let apps = [MAIN, "example"].map(App::made_up);
        let ids = |first: u8| -> KnownCanisters {
            let numbers = [("backend", first), ("frontend", first + 1), ("identity", 9)];
            let ids = numbers.map(|(name, id)| (name.to_owned(), Principal::from_slice(&[id])));
            ids.into()
        };
        for (app, first) in apps.iter().zip([1, 3]) {
            let mut known = CanisterIds::read(path.clone()).unwrap();
            known.keep(app, &ids(first)).unwrap();
        }
        let known = CanisterIds::read(path).unwrap();
        assert_eq!(apps.each_ref().map(|app| known.of(app)), [1, 3].map(ids));
    }

    #[test]
    fn whoever_comes_second_has_the_same_identities() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("canister_ids.json");
        let mut known = CanisterIds::read(path).unwrap();
        let identity = KnownCanisters::from([("identity".to_owned(), Principal::from_slice(&[9]))]);
        known.keep(&App::made_up(MAIN), &identity).unwrap();
        assert_eq!(known.of(&App::made_up("example")), identity);
    }
}
