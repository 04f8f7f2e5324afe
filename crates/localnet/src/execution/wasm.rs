//! From the bytes a developer installs to a module that can be executed: unpacked, checked against the interface
//! specification, and instrumented so that its whole state can be saved and restored between messages.

use std::{collections::BTreeSet, io::Read as _};

use flate2::read::GzDecoder;
use wasm_encoder::{
    ExportKind, ExportSection, RawSection, SectionId,
    reencode::{Reencode as _, RoundtripReencoder},
};
use wasmparser::{Parser, Payload};

use super::module_rules::Scan;

/// Prefix of the export names that instrumentation adds. A module that uses it itself is refused.
pub(super) const PRIVATE: &str = "ic-localnet:";
/// The exported linear memory of an instrumented module.
pub const MEMORY: &str = "ic-localnet:memory";
/// The exported function table of an instrumented module, through which callbacks are called.
pub const TABLE: &str = "ic-localnet:table";
/// The former start function of an instrumented module.
pub const START: &str = "ic-localnet:start";

/// The name under which an instrumented module exports its `n`th mutable global.
pub fn global_name(n: usize) -> String {
    format!("{PRIVATE}global:{n}")
}

/// How the names of all functions begin that the network calls by name.
pub const ENTRY_POINT: &str = "canister_";

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b, 0x08];
const WASM_MAGIC: &[u8] = b"\0asm";

/// Bytes of a module after unpacking.
const MAX_MODULE_BYTES: u64 = 100 << 20;

/// Why a module cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InvalidModule {
    /// Neither Wasm nor gzip-compressed Wasm.
    #[error(
        "it is neither a Wasm module nor a gzip-compressed one (the first four bytes are {0:02x?})"
    )]
    NotWasm(Vec<u8>),
    /// A gzip stream that cannot be unpacked.
    #[error("its gzip stream is damaged: {0}")]
    Gzip(#[from] std::io::Error),
    /// Too large after unpacking.
    #[error("Wasm module size exceeds the maximum allowed size of {MAX_MODULE_BYTES}.")]
    TooLarge,
    /// Not a valid module.
    #[error("it is not valid WebAssembly: {0}")]
    Wasm(#[from] wasmparser::BinaryReaderError),
    /// Valid, but refused by the compiler.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// An import that the network does not offer.
    #[error("it imports `{name}` from `{module}`, which this network does not offer")]
    UnknownImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// The specification forbids it.
    #[error("{0}")]
    Forbidden(String),
}

impl InvalidModule {
    /// A module that breaks a rule of the specification.
    pub(super) fn forbidden<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self::Forbidden(why.into()))
    }
}

/// A section `icp:public NAME` or `icp:private NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The name, without the prefix.
    pub name: String,
    /// Whether everyone may read it, or the controllers only.
    pub public: bool,
    /// The content.
    pub bytes: Vec<u8>,
}

/// A module ready for the compiler.
#[derive(Debug)]
pub struct InstrumentedModule {
    /// The module.
    pub bytes: Vec<u8>,
    /// The number of mutable globals it exports under [`global_name`].
    pub mutable_globals: usize,
    /// The canister metadata it carries.
    pub metadata: Vec<Metadata>,
    /// Names of its exported functions.
    pub functions: BTreeSet<String>,
}

/// Unpacks a gzip-compressed module; hands back any other as it is.
pub fn unpack(module: &[u8]) -> Result<Vec<u8>, InvalidModule> {
    let mut bytes = Vec::new();
    if module.starts_with(GZIP_MAGIC) {
        GzDecoder::new(module)
            .take(MAX_MODULE_BYTES + 1)
            .read_to_end(&mut bytes)?;
    } else {
        bytes.extend_from_slice(module);
    }
    if bytes.len() as u64 > MAX_MODULE_BYTES {
        return Err(InvalidModule::TooLarge);
    }
    if !bytes.starts_with(WASM_MAGIC) {
        bytes.truncate(4);
        return Err(InvalidModule::NotWasm(bytes));
    }
    Ok(bytes)
}

/// Checks an unpacked module and makes its state reachable: memory, table and mutable globals get exported under
/// private names, and the start function becomes an export, so that instantiating a module runs no code.
pub fn instrument(wasm: &[u8]) -> Result<InstrumentedModule, InvalidModule> {
    let mut scan = Scan::default();
    let mut module = wasm_encoder::Module::new();
    let mut exports = ExportSection::new();
    let mut exports_written = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        scan.read(&payload)?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        match payload {
            Payload::ExportSection(section) => {
                RoundtripReencoder
                    .parse_export_section(&mut exports, section)
                    .map_err(|e| InvalidModule::Compile(e.to_string()))?;
            }
            Payload::StartSection { .. } | Payload::CustomSection(_) => {}
            _ => {
                if !exports_written && id != SectionId::Custom as u8 && follows_exports(id) {
                    export_state(&scan, &mut exports, wasm)?;
                    module.section(&exports);
                    exports_written = true;
                }
                module.section(&RawSection {
                    id,
                    data: wasm.get(range).unwrap_or_default(),
                });
            }
        }
    }
    if !exports_written {
        export_state(&scan, &mut exports, wasm)?;
        module.section(&exports);
    }
    scan.check()?;
    Ok(InstrumentedModule {
        bytes: module.finish(),
        mutable_globals: scan.mutable_globals.len(),
        metadata: scan.metadata,
        functions: scan.exported_functions,
    })
}

fn export_state(
    scan: &Scan,
    exports: &mut ExportSection,
    wasm: &[u8],
) -> Result<(), InvalidModule> {
    if scan.memories > 0 {
        exports.export(MEMORY, ExportKind::Memory, 0);
    }
    if scan.tables > 0 {
        exports.export(TABLE, ExportKind::Table, 0);
    }
    for (n, &index) in scan.mutable_globals.iter().enumerate() {
        exports.export(&global_name(n), ExportKind::Global, index);
    }
    // The start section follows the export section, so the pass has not seen it yet.
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::StartSection { func, .. } = payload? {
            exports.export(START, ExportKind::Func, func);
        }
    }
    Ok(())
}

fn follows_exports(section: u8) -> bool {
    const BEFORE: [SectionId; 7] = [
        SectionId::Type,
        SectionId::Import,
        SectionId::Function,
        SectionId::Table,
        SectionId::Memory,
        SectionId::Tag,
        SectionId::Global,
    ];
    !BEFORE.iter().any(|&id| id as u8 == section)
}
