//! What `scripts/new` makes is complete. To build all of it takes too long here: canister and page are checked, and make use
//! of what is compiled already.

#![cfg(test)]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use xtask::{app::App, layout::Layout};

fn make(name: &str, folder: &Path, example: &str) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.args(["new", name, "--example", example]).arg(folder);
    xtask.output().unwrap()
}

/// Runs Cargo, which must succeed, in a folder; gives what it prints.
fn cargo(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", Layout::of_this_workspace().target())
        .args(arguments)
        .arg("--offline");
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {said}");
    output.stdout
}

#[test]
fn an_app_of_each_example_fits_together() {
    for example in App::examples(&Layout::of_this_workspace()).unwrap() {
        let folder = tempfile::tempdir().unwrap();
        let made = make("demo", folder.path(), example.name());
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");

        let metadata = ["metadata", "--no-deps", "--format-version=1"];
        let metadata = cargo(folder.path(), &metadata);
        let metadata: Value = serde_json::from_slice(&metadata).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let names: BTreeSet<_> = packages.map(|it| it["name"].as_str().unwrap()).collect();
        for part in ["demo-api", "demo-backend", "demo-frontend", "e2e"] {
            assert!(names.contains(part), "{names:?}");
        }
        let others = [example.name(), "chat"];
        let is_foreign = |name: &&str| others.iter().any(|other| name.starts_with(other));
        assert!(!names.iter().any(is_foreign), "{names:?}");
        for file in [
            "README.md",
            "scripts/start",
            "frontend/index.html",
            "e2e/tests/browser.rs",
        ] {
            let text = fs::read_to_string(folder.path().join(file)).unwrap();
            assert!(!text.contains("{name}"), "{text}");
        }
    }
}

#[test]
fn its_canister_and_its_page_compile() {
    let folder = tempfile::tempdir().unwrap();
    let made = make("my-demo", folder.path(), "notifications");
    assert!(made.status.success());
    let target = ["--target=wasm32-unknown-unknown", "--profile=wasm"];
    for package in ["--package=my-demo-backend", "--package=my-demo-frontend"] {
        cargo(
            folder.path(),
            &[&["check", "--locked", package], &target[..]].concat(),
        );
    }
}

#[test]
fn what_cannot_be_made_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "").unwrap();
    for (name, folder, example, reason) in [
        ("Demo", "new", "ping-pong", "no name for an app"),
        ("demo", "new", "chess", "there are: chat, "),
        ("demo", "new", "chat", "no example"),
        ("demo", ".", "ping-pong", "is not empty"),
    ]
    .map(|(name, at, example, reason)| (name, folder.path().join(at), example, reason))
    {
        let refused = make(name, &folder, example);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(reason), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
