//! `scripts/new`: makes a project of an example: the example in the place of the chat, and all that it stands on.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{
    app::{App, MAIN},
    layout::{Layout, started_in},
};

/// What is taken over as it is; of packages without their tests, which stay where the packages are developed.
const TAKEN: [&str; 12] = [
    ".cargo",
    ".gitignore",
    "Cargo.lock",
    "LICENSE",
    "clippy.toml",
    "crates",
    "frontend/.ic-assets.json5",
    "frontend/asset-canister",
    "gateway",
    "icp.yaml",
    "rust-toolchain.toml",
    "scripts",
];

/// What of that is about the chat or the examples.
const LEFT: [&str; 4] = [
    "crates/chat-api",
    "scripts/bench",
    "scripts/new",
    "scripts/release",
];

/// What a browser test needs, beside what is written anew.
const OF_THE_TESTS: [&str; 6] = [
    "browser",
    "browser.rs",
    "canister.rs",
    "network.rs",
    "stack.rs",
    "wait.rs",
];

/// What to make.
#[derive(Args, Debug)]
pub struct Options {
    /// What the app is called, and its packages after it: small letters, digits and hyphens.
    name: String,
    /// Where to make it; a folder of that name, unless given.
    folder: Option<PathBuf>,
    /// The example to begin with.
    #[arg(long, value_name = "NAME", default_value = "ping-pong")]
    example: String,
}

/// Makes the project.
pub fn run(layout: &Layout, options: Options) -> Result<()> {
    let Options {
        name,
        folder,
        example,
    } = options;
    ensure_is_name(&name)?;
    let example = App::named(layout, Some(&example))?;
    ensure!(
        !example.is_main(),
        "{MAIN} is no example: copy the whole folder instead"
    );
    let folder = folder.unwrap_or_else(|| PathBuf::from(&name));
    let folder = started_in().join(folder);
    ensure_is_empty(&folder)?;
    let project = Project {
        source: layout.root(),
        folder: &folder,
        name: &name,
        example: example.name(),
    };
    project
        .make()
        .with_context(|| format!("cannot make {}", folder.display()))?;
    println!(
        "{name} is in {}. There, scripts/start starts it, and scripts/test tests it; README.md says the rest.",
        folder.display()
    );
    Ok(())
}

/// Cargo would refuse other names, in more words.
fn ensure_is_name(name: &str) -> Result<()> {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    ensure!(
        begins_well && name.chars().all(is_fine),
        "'{name}' is no name for an app: it begins with a small letter, and has small letters, digits and hyphens only"
    );
    Ok(())
}

fn ensure_is_empty(folder: &Path) -> Result<()> {
    let is_empty = match folder.exists() {
        true => folder
            .read_dir()
            .with_context(|| format!("{} is no folder", folder.display()))?
            .next()
            .is_none(),
        false => true,
    };
    match is_empty {
        true => Ok(()),
        false => bail!("{} is not empty", folder.display()),
    }
}

struct Project<'a> {
    source: &'a Path,
    folder: &'a Path,
    name: &'a str,
    example: &'a str,
}

impl Project<'_> {
    fn make(&self) -> Result<()> {
        for path in TAKEN {
            self.copy(path, path)?;
        }
        for part in ["api", "backend", "frontend"] {
            self.copy(&format!("examples/{}/{part}", self.example), part)?;
            self.edit(&format!("{part}/Cargo.toml"), |manifest| {
                manifest.replace(
                    &format!("\"{}-", self.example),
                    &format!("\"{}-", self.name),
                )
            })?;
        }
        self.copy("examples/static", "frontend")?;
        self.edit("crates/xtask/src/app.rs", |code| {
            code.replace(&format!("\"{MAIN}\""), &format!("\"{}\"", self.name))
        })?;
        self.copy("Cargo.toml", "Cargo.toml")?;
        self.edit("Cargo.toml", |manifest| self.manifest(&manifest))?;
        self.write("README.md", include_str!("new/readme.txt"))?;
        self.make_tests()?;
        self.prune_lock()
    }

    /// Lets the lock file keep the versions, but only of what is still there.
    fn prune_lock(&self) -> Result<()> {
        let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
            .current_dir(self.folder)
            .args(["update", "--workspace", "--offline"])
            .output()
            .context("cannot run cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo cannot work with it: {said}");
        Ok(())
    }

    fn make_tests(&self) -> Result<()> {
        self.write("e2e/Cargo.toml", include_str!("new/e2e.toml"))?;
        self.write("e2e/src/lib.rs", include_str!("new/e2e.rs"))?;
        for path in OF_THE_TESTS {
            let path = format!("e2e/src/{path}");
            self.copy(&path, &path)?;
        }
        let module = self.example.replace('-', "_");
        let test = format!("e2e/tests/stack/examples/{module}.rs");
        self.copy(&test, "e2e/tests/browser.rs")?;
        self.edit("e2e/tests/browser.rs", |test| {
            test.replace(&format!("start_app(\"{}\")", self.example), "start()")
        })
    }

    /// The workspace's manifest without the chat, the examples and the chat's tests.
    fn manifest(&self, text: &str) -> String {
        let is_about_others = |line: &str| {
            ["chat-api = ", "chat-backend = "]
                .iter()
                .any(|it| line.starts_with(it))
        };
        let line = |line: &str| {
            if line.starts_with("members = ") {
                "members = [\"api\", \"backend\", \"frontend\", \"gateway\", \"crates/*\", \"e2e\"]"
                    .to_owned()
            } else if line.starts_with("exclude = ") {
                "exclude = [\"frontend/asset-canister\"]".to_owned()
            } else {
                line.replace(
                    &format!("{MAIN}-frontend"),
                    &format!("{}-frontend", self.name),
                )
            }
        };
        let paragraphs = text.split("\n\n").filter(|paragraph| {
            let package = paragraph.strip_prefix("[profile.wasm.package.");
            package.is_none_or(|it| !it.contains("-frontend]") && !it.starts_with("replay"))
        });
        let paragraphs = paragraphs.map(|paragraph| {
            let lines = paragraph.lines().filter(|line| !is_about_others(line));
            lines.map(line).collect::<Vec<_>>().join("\n")
        });
        paragraphs.collect::<Vec<_>>().join("\n\n") + "\n"
    }

    fn copy(&self, from: &str, to: &str) -> Result<()> {
        let from = self.source.join(from);
        let to = self.folder.join(to);
        self.copy_all(&from, &to)
            .with_context(|| format!("cannot copy {}", from.display()))
    }

    fn copy_all(&self, from: &Path, to: &Path) -> Result<()> {
        if !self.is_taken(from) {
            return Ok(());
        }
        if from.is_dir() {
            for entry in fs::read_dir(from)? {
                let entry = entry?;
                self.copy_all(&entry.path(), &to.join(entry.file_name()))?;
            }
            return Ok(());
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, to)?;
        Ok(())
    }

    fn is_taken(&self, path: &Path) -> bool {
        let is_of_a_package = || path.with_file_name("Cargo.toml").exists();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("target" | "node_modules") => false,
            Some("tests") if is_of_a_package() => false,
            _ => !LEFT.iter().any(|left| path == self.source.join(left)),
        }
    }

    fn edit(&self, path: &str, edit: impl FnOnce(String) -> String) -> Result<()> {
        let path = self.folder.join(path);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        fs::write(&path, edit(text))?;
        Ok(())
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.folder.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = text.replace("{name}", self.name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_packages() {
        for name in ["demo", "my-app-2"] {
            ensure_is_name(name).unwrap();
        }
        for name in ["", "2fast", "Demo", "a b", "../demo", "-a"] {
            assert!(ensure_is_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        ensure_is_empty(folder.path()).unwrap();
        ensure_is_empty(&folder.path().join("new")).unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = ensure_is_empty(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("is not empty"), "{error}");
    }
}
