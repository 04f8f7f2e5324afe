//! `scripts/new`: makes a project of an example: the example in the place of the chat, and all that it stands on.

mod manifest;
mod taken;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::taken::{ADAPTED, LEFT, OF_THE_TESTS, TAKEN};
use crate::{
    app::{App, MAIN},
    build,
    layout::{Layout, started_in},
};

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
        layout,
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
    /// Of the workspace that it is made of.
    layout: &'a Layout,
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
            let package = |app| format!("\"{app}-");
            self.replace(
                &format!("{part}/Cargo.toml"),
                &package(self.example),
                &package(self.name),
            )?;
        }
        self.copy("examples/static", "frontend")?;
        let quoted = |name| format!("\"{name}\"");
        self.replace("crates/xtask/src/app.rs", &quoted(MAIN), &quoted(self.name))?;
        for (path, old, new) in ADAPTED {
            self.replace(path, old, new)?;
        }
        self.write("README.md", include_str!("new/readme.txt"))?;
        self.make_tests()?;
        self.make_manifest()?;
        self.prune_lock()
    }

    fn make_tests(&self) -> Result<()> {
        self.write("e2e/Cargo.toml", include_str!("new/e2e.toml"))?;
        self.write("e2e/src/lib.rs", include_str!("new/e2e.rs"))?;
        for path in OF_THE_TESTS {
            let path = format!("e2e/src/{path}");
            self.copy(&path, &path)?;
        }
        let module = self.example.replace('-', "_");
        let test = "e2e/tests/browser.rs";
        self.copy(&format!("e2e/tests/stack/examples/{module}.rs"), test)?;
        let start = format!("start_app(\"{}\")", self.example);
        self.replace(test, &start, "start()")
    }

    fn make_manifest(&self) -> Result<()> {
        let text = fs::read_to_string(self.layout.root().join("Cargo.toml"))?;
        let manifest = manifest::of_workspace(&text, &manifest::of_packages(self.folder)?);
        self.write("Cargo.toml", &manifest)
    }

    /// Lets the lock file keep the versions, but only of what is still there.
    fn prune_lock(&self) -> Result<()> {
        let output = build::cargo(self.layout)
            .current_dir(self.folder)
            .args(["update", "--workspace", "--offline"])
            .output()
            .context("cannot run cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo cannot work with it: {said}");
        Ok(())
    }

    fn copy(&self, from: &str, to: &str) -> Result<()> {
        let from = self.layout.root().join(from);
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
            _ => !LEFT
                .iter()
                .any(|left| path == self.layout.root().join(left)),
        }
    }

    /// What is to be replaced has to be there: else it is something else now, of which nobody knows whether it fits.
    fn replace(&self, path: &str, old: &str, new: &str) -> Result<()> {
        let path = self.folder.join(path);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(
            text.contains(old),
            "{} does not contain {old}",
            path.display()
        );
        fs::write(&path, text.replace(old, new))?;
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
