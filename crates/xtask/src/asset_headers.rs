//! The headers of the page's files, as `frontend/.ic-assets.json5` says: the file in which dfx and others look for them.
//!
//! Only the gateways, to which a page may connect, are not in the file but filled in: they are another deployment's others.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::deploy::GATEWAYS;

/// What such files are called, each of which is about the folder that it is in.
pub(crate) const FILE: &str = ".ic-assets.json5";
/// Plain JSON, which is JSON5, too.
const SOURCE: &str = include_str!("../../../frontend/.ic-assets.json5");

/// What some files are served with. Later rules override earlier ones, header by header.
#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "match")]
    pattern: String,
    headers: BTreeMap<String, String>,
}

impl Rule {
    fn applies_to(&self, file: &str) -> Result<bool> {
        match self.pattern.strip_prefix("**/*") {
            // `**/*.html`, or, with nothing left, all.
            Some(end) if !end.contains(['*', '?', '[', '{', '/']) => Ok(file.ends_with(end)),
            _ => bail!(
                "{FILE}: only patterns like **/*.html are understood, not {}",
                self.pattern
            ),
        }
    }
}

/// The headers that `file` is served with, of a page that may connect to these gateways: URLs with commas between.
pub(crate) fn of(file: &str, gateways: &str) -> Result<BTreeMap<String, String>> {
    let rules: Vec<Rule> =
        serde_json::from_str(SOURCE).with_context(|| format!("{FILE} is no JSON"))?;
    let mut headers = BTreeMap::new();
    for rule in rules {
        if rule.applies_to(file)? {
            let filled = rule.headers.into_iter();
            headers.extend(filled.map(|(name, value)| (name, fill(&value, gateways))));
        }
    }
    Ok(headers)
}

/// The file, for a page that may connect to these gateways.
pub(crate) fn file(gateways: &str) -> String {
    fill(SOURCE, gateways)
}

fn fill(text: &str, gateways: &str) -> String {
    text.replace(&format!("${GATEWAYS}"), &gateways.replace(',', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_reach_its_gateways_and_no_others() {
        let headers = of("index.html", "wss://one.example,wss://two.example").unwrap();
        let policy = &headers["Content-Security-Policy"];
        assert!(policy.contains("connect-src 'self' wss://one.example wss://two.example;"));
    }

    #[test]
    fn all_files_have_headers_and_only_html_has_a_policy() {
        let headers = of("app.css", "wss://one.example").unwrap();
        assert_eq!(headers["X-Content-Type-Options"], "nosniff");
        assert!(headers.contains_key("Strict-Transport-Security"));
        assert!(!headers.contains_key("Content-Security-Policy"));
    }

    #[test]
    fn a_pattern_that_is_not_understood_is_refused() {
        let rule = Rule {
            pattern: "images/*".to_owned(),
            headers: BTreeMap::new(),
        };
        assert!(rule.applies_to("images/a.png").is_err());
    }
}
