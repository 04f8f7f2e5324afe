//! What a program is made of, as CycloneDX: the packages that Cargo compiles for it, or that make some of its code.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{build, layout::Layout};

/// The packages of one program.
#[derive(Deserialize)]
pub(super) struct Materials {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// Nothing for those that are here.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    root: String,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// Nothing for those that are linked; else `build` or `dev`.
    kind: Option<String>,
}

impl Package {
    /// By which others find it: a package URL.
    fn url(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }

    fn component(&self, kind: &str) -> Value {
        let mut component = json!({
            "type": kind,
            "bom-ref": self.url(),
            "name": self.name,
            "version": self.version,
        });
        if self.source.is_some() {
            component["purl"] = self.url().into();
        }
        if let Some(license) = &self.license {
            // Before SPDX had it, `/` was how Cargo wrote OR.
            let expression = license.replace('/', " OR ");
            component["licenses"] = json!([{ "expression": expression }]);
        }
        component
    }
}

impl Materials {
    /// Those of the package with this manifest, compiled for `target`.
    pub(super) fn of(layout: &Layout, manifest: &str, target: &str) -> Result<Self> {
        let output = build::cargo(layout)
            .args(["metadata", "--locked", "--format-version", "1"])
            .args(["--manifest-path", manifest, "--filter-platform", target])
            .output()
            .context("cannot run cargo")?;
        ensure!(
            output.status.success(),
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("cargo has written something unexpected")
    }

    /// The bill: the same for the same source.
    pub(super) fn bill(&self) -> Value {
        let needed = self.needed();
        let packages: BTreeMap<_, _> = self
            .packages
            .iter()
            .map(|it| (it.id.as_str(), it))
            .collect();
        let of = |id: &str| packages.get(id).copied();
        let parts = needed.keys().filter(|id| **id != self.resolve.root);
        let parts = parts.filter_map(|id| Some(of(id)?.component("library")));
        let dependencies = needed.iter().filter_map(|(id, on)| {
            let on: Vec<_> = on.iter().filter_map(|id| Some(of(id)?.url())).collect();
            Some(json!({ "ref": of(id)?.url(), "dependsOn": on }))
        });
        json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": { "component": of(&self.resolve.root).map(|it| it.component("application")) },
            "components": parts.collect::<Vec<_>>(),
            "dependencies": dependencies.collect::<Vec<_>>(),
        })
    }

    /// The packages that the program needs, and which ones each of them needs; what is only for tests is not.
    fn needed(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let nodes: BTreeMap<_, _> = self
            .resolve
            .nodes
            .iter()
            .map(|it| (it.id.as_str(), it))
            .collect();
        let mut needed = BTreeMap::new();
        let mut waiting = vec![self.resolve.root.as_str()];
        while let Some(id) = waiting.pop() {
            let Some(node) = nodes.get(id) else { continue };
            if needed.contains_key(id) {
                continue;
            }
            let is_for_tests = |kind: &Kind| kind.kind.as_deref() == Some("dev");
            let on = node
                .deps
                .iter()
                .filter(|it| !it.dep_kinds.iter().all(is_for_tests));
            let on: BTreeSet<_> = on.map(|it| it.pkg.as_str()).collect();
            waiting.extend(&on);
            needed.insert(id, on);
        }
        needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_is_listed_and_what_tests_need_is_not() {
        let materials: Materials = serde_json::from_value(json!({
            "packages": [
                { "id": "app", "name": "app", "version": "1.0.0", "license": "Apache-2.0", "source": null },
                { "id": "lib", "name": "lib", "version": "2.0.0", "license": "MIT/Apache-2.0", "source": "registry" },
                { "id": "tool", "name": "tool", "version": "3.0.0", "license": null, "source": "registry" },
            ],
            "resolve": {
                "root": "app",
                "nodes": [
                    { "id": "app", "deps": [
                        { "pkg": "lib", "dep_kinds": [{ "kind": null }, { "kind": "dev" }] },
                        { "pkg": "tool", "dep_kinds": [{ "kind": "dev" }] },
                    ] },
                    { "id": "lib", "deps": [] },
                    { "id": "tool", "deps": [] },
                ],
            },
        }))
        .unwrap();
        let bill = materials.bill();
        assert_eq!(bill["metadata"]["component"]["name"], "app");
        assert_eq!(bill["components"].as_array().unwrap().len(), 1);
        let lib = &bill["components"][0];
        assert_eq!(lib["purl"], "pkg:cargo/lib@2.0.0");
        assert_eq!(lib["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(
            bill["dependencies"][0]["dependsOn"][0],
            "pkg:cargo/lib@2.0.0"
        );
    }
}
