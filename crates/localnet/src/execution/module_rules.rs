//! The specification's rules on canister modules, section "WebAssembly module requirements", told in the replica's words.

use std::collections::BTreeSet;

use wasmparser::{ExternalKind, Payload, TypeRef, ValType};

use super::wasm::{ENTRY_POINT, InvalidModule, Metadata, PRIVATE};

const MAX_FUNCTIONS: usize = 50_000;
const MAX_GLOBALS: usize = 1_000;
const MAX_METHODS: usize = 1_000;
/// Bytes of the names of all methods of a kind, hence of the longest name too.
pub const MAX_METHOD_NAME_BYTES: usize = 20_000;
const MAX_METADATA_SECTIONS: usize = 16;
const MAX_METADATA_BYTES: usize = 1 << 20;
/// The main network's limit: compiling must not take too long.
const MAX_CODE_BYTES: usize = 12 << 20;

/// What one pass over the sections finds out.
#[derive(Default)]
pub struct Scan {
    functions: usize,
    globals: u32,
    code_bytes: usize,
    /// The number of memories.
    pub memories: usize,
    /// The number of tables.
    pub tables: usize,
    /// Indices of the mutable globals.
    pub mutable_globals: Vec<u32>,
    /// Names of the exported functions.
    pub exported_functions: BTreeSet<String>,
    /// The canister metadata.
    pub metadata: Vec<Metadata>,
}

impl Scan {
    /// Takes note of a section.
    pub fn read(&mut self, payload: &Payload<'_>) -> Result<(), InvalidModule> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    if !matches!(import.ty, TypeRef::Func(_)) {
                        return InvalidModule::forbidden(format!(
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
            Payload::CodeSectionStart { size, .. } => self.code_bytes = *size as usize,
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
                return InvalidModule::forbidden(
                    "it has a 64-bit memory, which this network does not offer",
                );
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
                return InvalidModule::forbidden("it has a mutable global of a reference type");
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
                return InvalidModule::forbidden(format!(
                    "its export `{}` uses a reserved name",
                    export.name
                ));
            }
            if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
                self.exported_functions.insert(export.name.to_owned());
            }
        }
        Ok(())
    }

    fn read_custom(&mut self, section: &str, bytes: &[u8]) -> Result<(), InvalidModule> {
        let (public, name) = match section.split_once(' ') {
            Some(("icp:public", name)) => (true, name),
            Some(("icp:private", name)) => (false, name),
            _ if section.starts_with("icp:") => {
                return InvalidModule::forbidden(format!(
                    "Wasm module has an invalid custom section. Invalid custom section: {section}"
                ));
            }
            _ => return Ok(()),
        };
        if self.metadata.iter().any(|m| m.name == name) {
            return InvalidModule::forbidden(format!(
                "Wasm module has an invalid custom section. Duplicate custom section: {name}"
            ));
        }
        self.metadata.push(Metadata {
            name: name.to_owned(),
            public,
            bytes: bytes.to_owned(),
        });
        Ok(())
    }

    /// Whether the module as a whole keeps to the rules.
    pub fn check(&self) -> Result<(), InvalidModule> {
        let defines = |what: &str, count: usize, max: usize| {
            if count <= max {
                return Ok(());
            }
            InvalidModule::forbidden(format!(
                "Wasm module defined {count} {what}, which exceeds the maximum number allowed {max}."
            ))
        };
        defines("memories", self.memories, 1)?;
        defines("tables", self.tables, 1)?;
        defines("functions", self.functions, MAX_FUNCTIONS)?;
        defines("globals", self.globals as usize, MAX_GLOBALS)?;
        defines(
            "custom sections",
            self.metadata.len(),
            MAX_METADATA_SECTIONS,
        )?;
        let metadata = self.metadata.iter();
        let metadata_bytes = metadata.map(|m| m.name.len() + m.bytes.len()).sum();
        defines(
            "bytes of custom sections",
            metadata_bytes,
            MAX_METADATA_BYTES,
        )?;
        if self.code_bytes > MAX_CODE_BYTES {
            return InvalidModule::forbidden(format!(
                "Wasm module code section size of {} exceeds the maximum allowed size of {MAX_CODE_BYTES}.",
                self.code_bytes
            ));
        }
        self.check_methods()
    }

    fn check_methods(&self) -> Result<(), InvalidModule> {
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
        const METHODS: &str = "`canister_update <name>`, `canister_query <name>`, or `canister_composite_query <name>`";
        let invalid = |why: String| {
            InvalidModule::forbidden(format!("Wasm module has an invalid export section. {why}"))
        };
        let mut methods = BTreeSet::new();
        for function in &self.exported_functions {
            match function.split_once(' ') {
                Some((kind, method)) if METHOD.contains(&kind) && methods.insert(method) => {}
                Some((kind, method)) if METHOD.contains(&kind) => {
                    return invalid(format!(
                        "Duplicate function '{method}' exported multiple times with different call types: \
                         update, query, or composite_query."
                    ));
                }
                _ if function.starts_with(ENTRY_POINT) && !SYSTEM.contains(&function.as_str()) => {
                    return invalid(format!(
                        "Exporting reserved function '{function}' with \"canister_\" prefix"
                    ));
                }
                _ => {}
            }
        }
        if methods.len() > MAX_METHODS {
            return invalid(format!(
                "The number of exported functions called {METHODS} exceeds {MAX_METHODS}."
            ));
        }
        if methods.iter().map(|name| name.len()).sum::<usize>() > MAX_METHOD_NAME_BYTES {
            return invalid(format!(
                "The sum of `<name>` lengths in exported functions called {METHODS} exceeds {MAX_METHOD_NAME_BYTES}."
            ));
        }
        Ok(())
    }
}
