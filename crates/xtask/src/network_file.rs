//! `.local/network.json`: what a running instance tells others about itself.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use candid::Principal;
use serde::{Deserialize, Serialize};

use crate::files::{read_json, remove, write_json};

/// The running instance. The file exists only while everything in it answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NetworkFile {
    /// The name of the app.
    pub app: String,
    /// The network's HTTP interface.
    pub ic_url: String,
    /// The network's root key, DER, in hex.
    pub root_key: String,
    /// Where the gateway takes WebSocket connections.
    pub gateway_url: String,
    /// The gateway's own identity.
    pub gateway_principal: Principal,
    /// The page.
    pub frontend_url: String,
    /// Where people sign in.
    pub identity_provider_url: String,
    /// The gateway's status, as a page.
    pub status_url: String,
    /// The gateway's Prometheus metrics.
    pub metrics_url: String,
    /// Canister ids by name.
    pub canisters: BTreeMap<String, Principal>,
    /// Process ids by part.
    pub pids: BTreeMap<String, u32>,
}

impl NetworkFile {
    /// Reads the file; `None` if nothing is running.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        read_json(path)
    }

    /// Writes the file so that a reader sees all of it or nothing.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }

    /// Removes the file, if it is there.
    pub fn remove(path: &Path) -> Result<()> {
        remove(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> NetworkFile {
        NetworkFile {
            app: "chat".into(),
            ic_url: "http://127.0.0.1:4943".into(),
            root_key: "3081".into(),
            gateway_url: "ws://127.0.0.1:8080".into(),
            gateway_principal: Principal::anonymous(),
            frontend_url: "http://aaaaa-aa.localhost:4943/".into(),
            identity_provider_url: "http://2vxsx-fae.localhost:4943/authorize".into(),
            status_url: "http://127.0.0.1:8080/status".into(),
            metrics_url: "http://127.0.0.1:8080/metrics".into(),
            canisters: [("backend".to_owned(), Principal::management_canister())].into(),
            pids: [("gateway".to_owned(), 7)].into(),
        }
    }

    #[test]
    fn what_is_written_is_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.json");
        assert_eq!(NetworkFile::read(&path).unwrap(), None);
        example().write(&path).unwrap();
        assert_eq!(NetworkFile::read(&path).unwrap(), Some(example()));
        NetworkFile::remove(&path).unwrap();
        assert_eq!(NetworkFile::read(&path).unwrap(), None);
    }

    #[test]
    fn principals_are_text() {
        let json = serde_json::to_value(example()).unwrap();
        assert_eq!(json["gateway_principal"], "2vxsx-fae");
        assert_eq!(json["canisters"]["backend"], "aaaaa-aa");
    }
}
