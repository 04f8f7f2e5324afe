//! The manifest of a new project's workspace: with the packages that are there, and without dependencies that none of them
//! has.

use std::{fs, path::Path};

use anyhow::{Context, Result};

const MEMBERS: &str = r#"members = ["api", "backend", "frontend", "gateway", "crates/*", "e2e"]"#;
const EXCLUDED: &str = r#"exclude = ["frontend/asset-canister"]"#;

/// The manifests of the packages in `project`, one after the other.
pub(super) fn of_packages(project: &Path) -> Result<String> {
    let mut folders = ["api", "backend", "frontend", "gateway", "e2e"]
        .map(|folder| project.join(folder))
        .to_vec();
    for folder in fs::read_dir(project.join("crates"))? {
        folders.push(folder?.path());
    }
    let manifests = folders.iter().map(|folder| {
        let path = folder.join("Cargo.toml");
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    });
    manifests.collect()
}

/// What becomes of this workspace's manifest, given the packages'.
pub(super) fn of_workspace(text: &str, packages: &str) -> String {
    let mut section = "";
    let lines = text.lines().filter_map(|line| {
        if line.starts_with('[') {
            section = line;
        }
        match line.split_once(" = ") {
            Some(("members", _)) => Some(MEMBERS),
            Some(("exclude", _)) => Some(EXCLUDED),
            Some((name, _)) if section == "[workspace.dependencies]" => {
                has_dependency(packages, name).then_some(line)
            }
            _ => Some(line),
        }
    });
    lines.map(|line| format!("{line}\n")).collect()
}

fn has_dependency(packages: &str, name: &str) -> bool {
    let mut lines = packages.lines().filter_map(|line| line.strip_prefix(name));
    lines.any(|rest| rest.starts_with(".workspace") || rest.starts_with(" = "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_packages_have_is_left() {
        let workspace = "\
            [workspace]\n\
            members = [\"backend\", \"examples/*\"]\n\n\
            [workspace.dependencies]\n\
            one = \"1\"\n\
            two = { version = \"2\" }\n\
            two-more = \"2\"\n\n\
            [profile.dev]\n\
            debug = false\n";
        let packages = "one.workspace = true\ntwo = { workspace = true }\n";
        assert_eq!(
            of_workspace(workspace, packages),
            format!(
                "[workspace]\n{MEMBERS}\n\n[workspace.dependencies]\none = \"1\"\ntwo = {{ version = \"2\" }}\n\n\
                 [profile.dev]\ndebug = false\n"
            )
        );
    }
}
