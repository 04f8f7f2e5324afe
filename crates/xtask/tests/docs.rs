//! What the documents point at is there: files, headings, scripts and their flags.

#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Where paths in documents may begin, besides the root and the document's own folder: where a table's heading says so.
const BASES: [&str; 4] = [
    "backend/src",
    "crates/cdk/src/websockets/tests",
    "e2e/tests",
    "gateway/tests/gateway",
];

/// What is no source: made by builds and tools, or not ours.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// The scripts whose flags this crate's program knows.
const OWN_SCRIPTS: [&str; 6] = ["deploy", "new", "release", "start", "stop", "test"];

#[test]
fn what_documents_point_at_is_there() {
    let missing = Project::read(&root()).missing(|_| true);
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

#[test]
fn scripts_in_documents_take_these_flags() {
    let unknown = Project::read(&root()).unknown_flags(|_| true);
    assert!(unknown.is_empty(), "unknown:\n{}", unknown.join("\n"));
}

#[test]
fn documents_of_a_new_project_point_at_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["new", "demo"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let project = Project::read(folder.path());
    // Those of the crates also tell how these are developed.
    let is_its_own = |document: &Document| !document.path.starts_with(project.root.join("crates"));
    let faults = [
        project.missing(is_its_own),
        project.unknown_flags(is_its_own),
    ]
    .concat();
    assert!(faults.is_empty(), "not there:\n{}", faults.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn help(command: &str) -> String {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([command, "--help"])
        .output()
        .unwrap();
    assert!(help.status.success(), "{command} --help");
    String::from_utf8(help.stdout).unwrap()
}

/// The files of the project, and what its documents say.
struct Project {
    root: PathBuf,
    names: BTreeSet<String>,
    documents: BTreeMap<PathBuf, Document>,
}

struct Document {
    path: PathBuf,
    anchors: BTreeSet<String>,
    links: Vec<String>,
    /// Links that name something in code, and what they call it.
    named: Vec<(String, String)>,
    /// Code within the text, and the lines of commands for a shell.
    code: Vec<String>,
}

impl Project {
    fn read(root: &Path) -> Self {
        let root = root.canonicalize().unwrap();
        let mut files = Vec::new();
        walk(&root, &mut files);
        let name = |file: &PathBuf| file.file_name()?.to_str().map(str::to_owned);
        let is_document = |file: &&PathBuf| file.extension() == Some(OsStr::new("md"));
        let documents = files.iter().filter(is_document);
        let documents = documents.map(|path| (path.clone(), Document::read(path)));
        Self {
            names: files.iter().filter_map(name).collect(),
            documents: documents.collect(),
            root,
        }
    }

    /// Files and headings that these documents point at, and that are not there.
    fn missing(&self, is_meant: impl Fn(&Document) -> bool) -> Vec<String> {
        let mut missing = Vec::new();
        for document in self.documents.values().filter(|it| is_meant(it)) {
            let at = document.path.display();
            let links = document.links.iter();
            let links = links.filter(|it| !self.has_link(document, it));
            missing.extend(links.map(|link| format!("{at}: link to {link}")));
            let code = document.code.iter();
            let code = code.filter(|it| !self.has_path(document, it));
            missing.extend(code.map(|code| format!("{at}: {code}")));
            let named = document.named.iter();
            let named = named.filter(|(link, name)| !self.has_name(document, link, name));
            missing.extend(named.map(|(link, name)| format!("{at}: {name} in {link}")));
        }
        missing
    }

    /// Scripts in these documents that are not there, and flags that scripts do not take.
    fn unknown_flags(&self, is_meant: impl Fn(&Document) -> bool) -> Vec<String> {
        let mut unknown = Vec::new();
        for document in self.documents.values().filter(|it| is_meant(it)) {
            let code = document.code.iter();
            for command in code.filter_map(|it| it.strip_prefix("scripts/")) {
                let mut words = command.split_whitespace().take_while(|word| *word != "#");
                let script = words.next().unwrap_or_default();
                if !self.root.join("scripts").join(script).is_file() {
                    unknown.push(format!("{}: scripts/{command}", document.path.display()));
                } else if OWN_SCRIPTS.contains(&script) {
                    let help = help(script);
                    let flags = words.filter(|word| word.starts_with("--"));
                    let strange = flags.filter(|flag| !help.contains(*flag));
                    unknown.extend(strange.map(|flag| format!("scripts/{script} {flag}")));
                }
            }
        }
        unknown
    }

    fn has_link(&self, from: &Document, link: &str) -> bool {
        if link.contains("://") {
            return true;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = match path {
            "" => from.path.clone(),
            path => from.folder().join(path),
        };
        let Ok(target) = target.canonicalize() else {
            return false;
        };
        let anchors = self.documents.get(&target).map(|it| &it.anchors);
        anchor.is_empty() || anchors.is_some_and(|anchors| anchors.contains(anchor))
    }

    /// Whether the source file that a link leads to has something of this name in it, or is called so itself.
    fn has_name(&self, from: &Document, link: &str, name: &str) -> bool {
        let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let last = name.rsplit("::").next().unwrap_or_default();
        if !link.ends_with(".rs") || !last.chars().all(is_of_name) {
            return true;
        }
        let text = fs::read_to_string(from.folder().join(link)).unwrap_or_default();
        link.contains(last) || text.split(|it| !is_of_name(it)).any(|word| word == last)
    }

    /// Whatever is no path of this project counts as there.
    fn has_path(&self, from: &Document, code: &str) -> bool {
        let is_path = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
        let of_path = code.split("::").next().unwrap_or_default();
        if !of_path.bytes().all(is_path) {
            return true;
        }
        match of_path.split_once('/') {
            None => !of_path.ends_with(".rs") || self.names.contains(of_path),
            Some(("" | "." | ".local" | "data" | "target", _)) => true,
            Some((first, _)) => {
                let is_here = self.root.join(first).is_dir() || of_path.ends_with(".rs");
                let mut bases = BASES.iter().map(|base| self.root.join(base));
                !is_here
                    || self.root.join(of_path).exists()
                    || from.folder().join(of_path).exists()
                    || bases.any(|base| base.join(of_path).exists())
            }
        }
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !entry.file_type().unwrap().is_dir() {
            files.push(entry.path());
        } else if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
            walk(&entry.path(), files);
        }
    }
}

impl Document {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut document = Self {
            path: path.to_owned(),
            anchors: BTreeSet::new(),
            links: Vec::new(),
            named: Vec::new(),
            code: Vec::new(),
        };
        let mut heading = None;
        let mut link = None;
        let mut is_shell = false;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document
                        .anchors
                        .extend(heading.take().as_deref().map(anchor));
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    document.links.push(dest_url.to_string());
                    link = Some(dest_url.into_string());
                }
                Event::End(TagEnd::Link) => link = None,
                Event::Start(Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    is_shell = &*language == "sh";
                }
                Event::End(TagEnd::CodeBlock) => is_shell = false,
                Event::Text(lines) if is_shell => {
                    document.code.extend(lines.lines().map(str::to_owned));
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    let sources = html.split("src=\"").skip(1);
                    let sources = sources.filter_map(|rest| rest.split('"').next());
                    document.links.extend(sources.map(str::to_owned));
                }
                Event::Code(code) => {
                    heading.iter_mut().for_each(|it| it.push_str(&code));
                    let named = link.iter().map(|it| (it.clone(), code.to_string()));
                    document.named.extend(named);
                    document.code.push(code.into_string());
                }
                Event::Text(text) => heading.iter_mut().for_each(|it| it.push_str(&text)),
                _ => {}
            }
        }
        document
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }
}

/// What a link within a page calls a heading.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.collect::<String>().replace(' ', "-")
}
