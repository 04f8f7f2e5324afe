//! What `scripts/new` makes is complete. To build all of it takes too long here: it is checked, and makes use of what is
//! compiled already.

#![cfg(test)]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use xtask::{app::App, layout::Layout};

fn make(name: &str, folder: &Path, example: &str) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.args(["new", name, "--example", example]).arg(folder);
    xtask.output().unwrap()
}

/// Makes a project, which must succeed, and gives its packages.
fn packages_of_new(name: &str, folder: &Path, example: &str) -> BTreeSet<String> {
    let made = make(name, folder, example);
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");

    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder);
    let metadata = [
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--locked",
        "--offline",
    ];
    let metadata: Value = serde_json::from_str(&run(cargo.args(metadata))).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Runs what must succeed; gives what it prints.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [printed, said] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert!(output.status.success(), "{command:?}:\n{printed}\n{said}");
    printed
}

#[test]
fn an_app_of_each_example_fits_together() {
    for example in App::examples(&Layout::of_this_workspace()).unwrap() {
        let folder = tempfile::tempdir().unwrap();
        let names = packages_of_new("demo", folder.path(), example.name());
        for part in ["demo-api", "demo-backend", "demo-frontend", "e2e"] {
            assert!(names.contains(part), "{names:?}");
        }
        let others = [example.name(), "chat"];
        let is_foreign = |name: &String| others.iter().any(|other| name.starts_with(other));
        assert!(!names.iter().any(is_foreign), "{names:?}");
        for file in [
            "LICENSE",
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
fn its_canister_its_page_and_its_test_compile() {
    let folder = tempfile::tempdir().unwrap();
    packages_of_new("my-demo", folder.path(), "notifications");
    let check = |selection: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(folder.path())
            .env("CARGO_TARGET_DIR", Layout::of_this_workspace().target())
            .args(["check", "--locked", "--offline"]);
        run(cargo.args(selection));
    };
    let target = ["--target=wasm32-unknown-unknown", "--profile=wasm"];
    for package in ["--package=my-demo-backend", "--package=my-demo-frontend"] {
        check(&[&target[..], &[package]].concat());
    }
    check(&["--workspace", "--test=browser"]);
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
