//! Where things are: the workspace, what is built, and what a running instance keeps under `.local/`.

use std::{
    env,
    path::{Path, PathBuf},
};

const DEFAULT_LOCAL: &str = ".local";

/// Where the script was started, as `scripts/xtask` says; paths that people give are relative to it.
pub(crate) fn started_in() -> PathBuf {
    env::var_os("STARTED_IN").unwrap_or(".".into()).into()
}

/// The folders and files that the commands work with.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    target: PathBuf,
    local: PathBuf,
}

impl Layout {
    /// The workspace that this program was compiled in.
    pub fn of_this_workspace() -> Self {
        let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest_dir.ancestors().nth(2).unwrap_or(manifest_dir);
        Self::at(root)
    }

    fn at(root: &Path) -> Self {
        let folder = |variable, default: &str| {
            PathBuf::from(env::var_os(variable).unwrap_or(default.into()))
        };
        let target = folder("CARGO_TARGET_DIR", "target");
        Self::new(root, &target, &folder("LOCAL_DIR", DEFAULT_LOCAL))
    }

    /// Of a workspace whose other folders are these; relative ones are inside.
    pub(crate) fn new(root: &Path, target: &Path, local: &Path) -> Self {
        Self {
            root: root.to_owned(),
            target: root.join(target),
            local: root.join(local),
        }
    }

    /// The root of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder, shared by all builds.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The end-to-end tests' JavaScript package.
    pub fn e2e_js(&self) -> PathBuf {
        self.root.join("e2e/js")
    }

    /// What is kept between starts; not in version control. `LOCAL_DIR` in the environment names another folder, so
    /// that several instances can run.
    pub fn local(&self) -> &Path {
        &self.local
    }

    /// The state of the local network.
    pub fn state(&self) -> PathBuf {
        self.local().join("state")
    }

    /// What local networks have compiled.
    pub fn compiled(&self) -> PathBuf {
        self.target.join("compiled")
    }

    /// Ids of the canisters deployed to the local network.
    pub fn canister_ids(&self) -> PathBuf {
        self.local().join("canister_ids.json")
    }

    /// Ids of the canisters that the `icp` command has deployed to the local network; `None` unless that network is the
    /// one of `icp.yaml`.
    pub fn icp_canister_ids(&self) -> Option<PathBuf> {
        let is_default = self.local == self.root.join(DEFAULT_LOCAL);
        is_default.then(|| self.root.join(".icp/data/mappings/local.ids.json"))
    }

    /// Describes the running instance; exists only while everything answers.
    pub fn network_file(&self) -> PathBuf {
        self.local().join("network.json")
    }

    /// Locked by the running instance.
    pub fn instance_lock(&self) -> PathBuf {
        self.local().join("instance.lock")
    }

    /// The log files, one a part.
    pub fn logs(&self) -> PathBuf {
        self.local().join("logs")
    }

    /// The key that deploys to the local network.
    pub fn deployer_identity(&self) -> PathBuf {
        self.local().join("deployer.pem")
    }

    /// The key of the gateway.
    pub fn gateway_identity(&self) -> PathBuf {
        self.local().join("gateway.pem")
    }
}
