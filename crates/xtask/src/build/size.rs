//! How large the page is to load, and which crates make it so.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use anyhow::{Context, Result};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::gzip::gzip;

/// How many crates are named; the rest is summed up.
const NAMED_CRATES: usize = 12;

/// What may come before the path of a type.
const NOT_OF_THE_PATH: [&str; 8] = ["<", "&", "[", "(", "*", "dyn ", "mut ", "const "];

/// What a visitor loads.
pub struct PageSize {
    raw: usize,
    gzip: usize,
    brotli: usize,
    /// Bytes of machine code by the crate that defines it, and of constants; before compression.
    parts: Vec<(String, usize)>,
}

impl PageSize {
    /// Measures the files of `page`, and the `module` from which the page's was made: the one that still has names.
    pub(super) fn of(page: &Path, module: &Path) -> Result<Self> {
        let (mut raw, mut gzipped, mut brotli) = (0, 0, 0);
        for file in fs::read_dir(page)? {
            let content = fs::read(file?.path())?;
            raw += content.len();
            gzipped += gzip(&content)?.len();
            brotli += brotli_size(&content)?;
        }
        let module = fs::read(module)?;
        let parts = parts(&module).context("cannot read the page's module")?;
        Ok(Self {
            raw,
            gzip: gzipped,
            brotli,
            parts,
        })
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kb = |bytes: usize| bytes.div_ceil(1000);
        let [raw, gzip, brotli] = [self.raw, self.gzip, self.brotli].map(kb);
        writeln!(
            f,
            "The page has {raw} KB: {gzip} KB with gzip, {brotli} KB with Brotli."
        )?;
        write!(f, "Uncompressed, in KB:")?;
        let (named, rest) = self.parts.split_at(NAMED_CRATES.min(self.parts.len()));
        for (name, bytes) in named {
            write!(f, " {name} {},", kb(*bytes))?;
        }
        let rest: usize = rest.iter().map(|(_, bytes)| bytes).sum();
        write!(f, " all others {}", kb(rest))
    }
}

fn brotli_size(content: &[u8]) -> Result<usize> {
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &Default::default())?;
    Ok(compressed.len())
}

/// The parts of a module, the largest first.
fn parts(module: &[u8]) -> Result<Vec<(String, usize)>> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    let mut names = BTreeMap::new();
    let mut sizes = BTreeMap::<String, usize>::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(section) => {
                sizes.insert("constants".to_owned(), section.range().len());
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(subsections) = section.as_known() {
                    for subsection in subsections {
                        if let Name::Function(functions) = subsection? {
                            for naming in functions {
                                let naming = naming?;
                                names.insert(naming.index, crate_of(naming.name));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (index, bytes) in (imported..).zip(bodies) {
        let name = names.remove(&index).unwrap_or_else(|| "unnamed".to_owned());
        *sizes.entry(name).or_default() += bytes;
    }
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(sizes)
}

/// The crate in which a function is defined: the first in its path, or that of the type whose method it is.
fn crate_of(mangled: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(mangled));
    let mut path = name.as_str();
    while let Some(rest) = NOT_OF_THE_PATH.iter().find_map(|it| path.strip_prefix(it)) {
        path = rest;
    }
    match path.split_once("::") {
        Some((first, _)) if first.chars().all(|c| c.is_alphanumeric() || c == '_') => first,
        _ => "others",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_crates() {
        for (name, expected) in [
            ("_ZN3yew4html9component5scope17h0123456789abcdefE", "yew"),
            ("_RNvCs1234_7mycrate3foo", "mycrate"),
            ("memcpy", "others"),
            ("<&mut dyn candid::Type as core::fmt::Debug>::fmt", "candid"),
        ] {
            assert_eq!(crate_of(name), expected, "{name}");
        }
    }
}
