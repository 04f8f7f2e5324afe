//! Whether those who call a canister today can still do so after its upgrade: by Candid's rules of subtyping.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, Result};
use candid_parser::utils::{CandidSource, service_compatibility_report};
use flate2::read::GzDecoder;
use wasmparser::{Parser, Payload};

/// The metadata section with a canister's interface.
pub(super) const SECTION: &str = "candid:service";

/// The interface that a compressed module tells; `None` if it tells none.
pub(super) fn of_module(path: &Path) -> Result<Option<String>> {
    let mut wasm = Vec::new();
    File::open(path)
        .and_then(|file| GzDecoder::new(file).read_to_end(&mut wasm))
        .with_context(|| format!("cannot read {}", path.display()))?;
    for payload in Parser::new(0).parse_all(&wasm) {
        if let Payload::CustomSection(section) = payload?
            && section.name().strip_prefix("icp:public ") == Some(SECTION)
        {
            return Ok(Some(String::from_utf8(section.data().to_vec())?));
        }
    }
    Ok(None)
}

/// What of the `old` interface the `new` one does not keep, a line each, which begins with the method.
pub(super) fn incompatibilities(new: &str, old: &str) -> Result<Vec<String>> {
    let report = service_compatibility_report(CandidSource::Text(new), CandidSource::Text(old))
        .context("the interfaces cannot be compared")?;
    Ok(report.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "service : { greet : (text) -> (text) query; add : (nat) -> (); }";

    fn compare(new: &str) -> Vec<String> {
        incompatibilities(new, OLD).unwrap()
    }

    #[test]
    fn more_methods_and_wider_arguments_break_nobody() {
        let new = "service : {
            greet : (text, opt nat) -> (text) query;
            add : (int) -> ();
            remove : () -> ();
        }";
        assert_eq!(compare(new), Vec::<String>::new());
    }

    #[test]
    fn whatever_breaks_callers_is_named() {
        let gone = compare("service : { greet : (text) -> (text) query; }");
        assert!(
            matches!(&gone[..], [one] if one.contains("add")),
            "{gone:?}"
        );
        let both = compare("service : { greet : (nat) -> (text) query; add : (nat) -> (); }");
        assert!(
            matches!(&both[..], [one] if one.contains("greet")),
            "{both:?}"
        );
    }
}
