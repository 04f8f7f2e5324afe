//! The apps: each a canister, and the page that talks to it.
//!
//! One is in the root of the workspace; the others are the examples. An app's folder holds its packages in `backend/` and
//! `frontend/`, and the packages are named after the app.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::layout::Layout;

/// The app in the root of the workspace.
pub(crate) const MAIN: &str = "chat";

/// An app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    name: String,
    /// Where its page's static files are: its own, and those that it shares with others.
    static_files: Vec<PathBuf>,
}

impl App {
    /// The app in the root of the workspace.
    pub fn main(layout: &Layout) -> Self {
        Self {
            name: MAIN.to_owned(),
            static_files: vec![layout.root().join("frontend")],
        }
    }

    /// The examples, in the order of their names.
    pub fn examples(layout: &Layout) -> Result<Vec<Self>> {
        let folder = layout.root().join("examples");
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut examples = Vec::new();
        let entries = fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str())
                && path.join("backend/Cargo.toml").exists()
            {
                examples.push(Self {
                    name: name.to_owned(),
                    static_files: vec![path.join("frontend"), folder.join("static")],
                });
            }
        }
        examples.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(examples)
    }

    /// The app of this name; the one in the root of the workspace, if there is none.
    pub fn named(layout: &Layout, name: Option<&str>) -> Result<Self> {
        let main = Self::main(layout);
        let Some(name) = name else {
            return Ok(main);
        };
        let mut apps = Self::examples(layout)?;
        apps.insert(0, main);
        let names: Vec<_> = apps.iter().map(|app| app.name.clone()).collect();
        match apps.into_iter().find(|app| app.name == name) {
            Some(app) => Ok(app),
            None => bail!("there is no app '{name}'; there are: {}", names.join(", ")),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the one in the root of the workspace.
    pub fn is_main(&self) -> bool {
        self.name == MAIN
    }

    /// The package of its canister.
    pub(crate) fn backend(&self) -> String {
        format!("{}-backend", self.name)
    }

    /// The package of its page.
    pub(crate) fn frontend(&self) -> String {
        format!("{}-frontend", self.name)
    }

    /// Where its page's static files are. What several folders have, is the first one's.
    pub(crate) fn static_files(&self) -> impl Iterator<Item = &Path> {
        self.static_files.iter().map(PathBuf::as_path)
    }
}

#[cfg(test)]
impl App {
    /// An app that is not there.
    pub(crate) fn made_up(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            static_files: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_after_their_apps() {
        let layout = Layout::of_this_workspace();
        let mut apps = App::examples(&layout).unwrap();
        apps.push(App::main(&layout));
        for app in apps {
            let page = app.static_files().next().unwrap();
            let folder = page.parent().unwrap();
            for (part, package) in [("backend", app.backend()), ("frontend", app.frontend())] {
                let manifest = fs::read_to_string(folder.join(part).join("Cargo.toml")).unwrap();
                assert!(
                    manifest.contains(&format!("name = \"{package}\"")),
                    "{manifest}"
                );
            }
        }
    }

    #[test]
    fn an_unknown_name_is_answered_by_those_there_are() {
        let layout = Layout::of_this_workspace();
        assert!(App::named(&layout, None).unwrap().is_main());
        for app in App::examples(&layout).unwrap() {
            assert_eq!(App::named(&layout, Some(app.name())).unwrap(), app);
        }
        let error = App::named(&layout, Some("../frontend")).unwrap_err();
        let expected = format!("there are: {MAIN}");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
