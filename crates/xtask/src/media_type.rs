//! The kinds of files that the page consists of: the build takes no others, and each is served as what it is.

use std::{ffi::OsStr, path::Path};

/// How files of one kind are served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaType {
    /// The value of the `Content-Type` header.
    pub content_type: &'static str,
    /// Whether such files gain by compression.
    pub compressible: bool,
}

impl MediaType {
    /// The type of `file` by its extension; `None` if such files do not belong to a page.
    pub fn of(file: &Path) -> Option<Self> {
        let (content_type, compressible) = match file.extension().and_then(OsStr::to_str)? {
            "html" => ("text/html; charset=utf-8", true),
            "css" => ("text/css; charset=utf-8", true),
            "js" => ("text/javascript; charset=utf-8", true),
            "wasm" => ("application/wasm", true),
            "webmanifest" => ("application/manifest+json", true),
            "svg" => ("image/svg+xml", true),
            "png" => ("image/png", false),
            "ico" => ("image/x-icon", false),
            "woff2" => ("font/woff2", false),
            _ => return None,
        };
        Some(Self {
            content_type,
            compressible,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_compiles_wasm_while_it_loads_only_by_its_type() {
        let wasm = MediaType::of(Path::new("app_bg.wasm")).unwrap();
        assert_eq!(wasm.content_type, "application/wasm");
    }

    #[test]
    fn the_manifest_and_the_sources_are_not_part_of_the_page() {
        for (file, expected) in [
            ("index.html", true),
            ("boot.js", true),
            ("Cargo.toml", false),
            ("src", false),
        ] {
            assert_eq!(MediaType::of(Path::new(file)).is_some(), expected, "{file}");
        }
    }
}
