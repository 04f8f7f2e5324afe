//! From the bytes a developer installs to a module that can be executed: unpacked, checked against the interface
//! specification, and instrumented so that its whole state can be saved and restored between messages.

use std::{collections::BTreeSet, io::Read as _};

use flate2::read::GzDecoder;
use wasm_encoder::{
    ExportKind, ExportSection, RawSection, SectionId,
    reencode::{Reencode as _, RoundtripReencoder},
};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, ValType};

/// Prefix of the export names that instrumentation adds. A module that uses it itself is refused.
const PRIVATE: &str = "ic-localnet:";
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

/// The specification's limits on modules.
mod limits {
    pub const MODULE_BYTES: u64 = 100 << 20;
    pub const FUNCTIONS: usize = 50_000;
    pub const GLOBALS: usize = 1_000;
    pub const EXPORTED_FUNCTIONS: usize = 1_000;
    pub const EXPORTED_NAME_BYTES: usize = 20_000;
    pub const METADATA_SECTIONS: usize = 16;
    pub const METADATA_BYTES: usize = 1 << 20;
}

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
    #[error("it is larger than {} bytes after unpacking", limits::MODULE_BYTES)]
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
            .take(limits::MODULE_BYTES + 1)
            .read_to_end(&mut bytes)?;
    } else {
        bytes.extend_from_slice(module);
    }
    if bytes.len() as u64 > limits::MODULE_BYTES {
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
                    scan.export_state(&mut exports, wasm)?;
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
        scan.export_state(&mut exports, wasm)?;
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

/// What one pass over the sections finds out.
#[derive(Default)]
struct Scan {
    functions: usize,
    globals: u32,
    memories: usize,
    tables: usize,
    mutable_globals: Vec<u32>,
    exported_functions: BTreeSet<String>,
    exported_name_bytes: usize,
    metadata: Vec<Metadata>,
}

impl Scan {
    fn read(&mut self, payload: &Payload<'_>) -> Result<(), InvalidModule> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    if !matches!(import.ty, TypeRef::Func(_)) {
                        return forbidden(format!(
                            "it imports `{}` from `{}`, which is not a function",
                            import.name, import.module
                        ));
                    }
                }
            }
            Payload::FunctionSection(section) => self.functions = section.count() as usize,
            Payload::TableSection(section) => self.tables = section.count() as usize,
            Payload::MemorySection(section) => self.read_memories(section.clone())?,
            Payload::GlobalSection(section) => self.read_globals(section.clone())?,
            Payload::ExportSection(section) => self.read_exports(section.clone())?,
            Payload::CustomSection(section) => self.read_custom(section.name(), section.data())?,
            _ => {}
        }
        Ok(())
    }

    fn read_memories(
        &mut self,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), InvalidModule> {
        self.memories = section.count() as usize;
        for memory in section {
            if memory?.memory64 {
                return forbidden("it has a 64-bit memory, which this network does not offer");
            }
        }
        Ok(())
    }

    fn read_globals(
        &mut self,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), InvalidModule> {
        self.globals = section.count();
        for (index, global) in (0..).zip(section) {
            let ty = global?.ty;
            if !ty.mutable {
                continue;
            }
            if matches!(ty.content_type, ValType::Ref(_)) {
                return forbidden("it has a mutable global of a reference type");
            }
            self.mutable_globals.push(index);
        }
        Ok(())
    }

    fn read_exports(
        &mut self,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), InvalidModule> {
        for export in section {
            let export = export?;
            if export.name.starts_with(PRIVATE) {
                return forbidden(format!("its export `{}` uses a reserved name", export.name));
            }
            if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
                self.exported_name_bytes += export.name.len();
                self.exported_functions.insert(export.name.to_owned());
            }
        }
        Ok(())
    }

    fn read_custom(&mut self, name: &str, bytes: &[u8]) -> Result<(), InvalidModule> {
        let (public, name) = match name.split_once(' ') {
            Some(("icp:public", name)) => (true, name),
            Some(("icp:private", name)) => (false, name),
            _ => return Ok(()),
        };
        if self.metadata.iter().any(|m| m.name == name) {
            return forbidden(format!(
                "it has more than one metadata section named `{name}`"
            ));
        }
        self.metadata.push(Metadata {
            name: name.to_owned(),
            public,
            bytes: bytes.to_owned(),
        });
        Ok(())
    }

    fn export_state(&self, exports: &mut ExportSection, wasm: &[u8]) -> Result<(), InvalidModule> {
        if self.memories > 0 {
            exports.export(MEMORY, ExportKind::Memory, 0);
        }
        if self.tables > 0 {
            exports.export(TABLE, ExportKind::Table, 0);
        }
        for (n, &index) in self.mutable_globals.iter().enumerate() {
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

    /// The specification's rules on canister modules, section "Canister module format".
    fn check(&self) -> Result<(), InvalidModule> {
        let at_most = |what: &str, count: usize, limit: usize| {
            if count > limit {
                forbidden(format!(
                    "it has {count} {what}; at most {limit} are allowed"
                ))
            } else {
                Ok(())
            }
        };
        at_most("memories", self.memories, 1)?;
        at_most("tables", self.tables, 1)?;
        at_most("functions", self.functions, limits::FUNCTIONS)?;
        at_most("globals", self.globals as usize, limits::GLOBALS)?;
        at_most(
            "metadata sections",
            self.metadata.len(),
            limits::METADATA_SECTIONS,
        )?;
        let metadata_bytes = self
            .metadata
            .iter()
            .map(|m| m.name.len() + m.bytes.len())
            .sum();
        at_most("bytes of metadata", metadata_bytes, limits::METADATA_BYTES)?;
        let entry_points = self
            .exported_functions
            .iter()
            .filter(|name| name.starts_with(ENTRY_POINT))
            .count();
        at_most(
            "exported entry points",
            entry_points,
            limits::EXPORTED_FUNCTIONS,
        )?;
        at_most(
            "bytes of exported names",
            self.exported_name_bytes,
            limits::EXPORTED_NAME_BYTES,
        )?;
        self.check_method_names()
    }

    fn check_method_names(&self) -> Result<(), InvalidModule> {
        const SYSTEM: [&str; 7] = [
            "canister_init",
            "canister_pre_upgrade",
            "canister_post_upgrade",
            "canister_inspect_message",
            "canister_heartbeat",
            "canister_global_timer",
            "canister_on_low_wasm_memory",
        ];
        const METHOD: [&str; 3] = [
            "canister_update",
            "canister_query",
            "canister_composite_query",
        ];
        let mut methods = BTreeSet::new();
        for function in &self.exported_functions {
            match function.split_once(' ') {
                Some((kind, method)) if METHOD.contains(&kind) && methods.insert(method) => {}
                Some((kind, method)) if METHOD.contains(&kind) => {
                    return forbidden(format!("it exports the method `{method}` more than once"));
                }
                _ if function.starts_with(ENTRY_POINT) && !SYSTEM.contains(&function.as_str()) => {
                    return forbidden(format!(
                        "its export `{function}` is no entry point that the specification knows"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn forbidden<T>(why: impl Into<String>) -> Result<T, InvalidModule> {
    Err(InvalidModule::Forbidden(why.into()))
}
