//! The compiler, and the modules it has compiled.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, ExternType, InstancePre, Linker, Module, UnknownImportError};

use super::{
    compiled_cache::CompiledCache,
    state::SystemState,
    system_api,
    wasm::{self, InvalidModule, Metadata},
};

/// Modules kept compiled although no canister uses them, so that reinstalling one is quick.
const UNUSED_MODULES: usize = 16;
/// The native stack a canister may use.
const MAX_STACK_BYTES: usize = 1 << 20;

/// The compiler cannot be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot be set up: {0}")]
pub struct EngineError(String);

/// Compiles canister modules, each once.
pub struct Engine {
    cache: Option<CompiledCache>,
    wasmtime: wasmtime::Engine,
    linker: Linker<SystemState>,
    modules: Mutex<HashMap<[u8; 32], Arc<CanisterModule>>>,
}

/// A compiled module.
pub struct CanisterModule {
    hash: [u8; 32],
    source: Vec<u8>,
    instance: InstancePre<SystemState>,
    mutable_globals: usize,
    functions: BTreeSet<String>,
    metadata: Vec<Metadata>,
}

impl CanisterModule {
    /// SHA-256 of the module as it was installed.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The module as it was installed, possibly gzip-compressed.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The canister metadata in the module.
    pub fn metadata(&self) -> &[Metadata] {
        &self.metadata
    }

    /// Whether the module exports a function of that name.
    pub fn exports(&self, function: &str) -> bool {
        self.functions.contains(function)
    }

    /// The number of mutable globals.
    pub fn mutable_globals(&self) -> usize {
        self.mutable_globals
    }

    pub(super) fn instance(&self) -> &InstancePre<SystemState> {
        &self.instance
    }
}

impl Engine {
    /// Sets up the compiler. Compiled modules are kept in `cache_dir`, if there is one, for the next start.
    pub fn new(cache_dir: Option<&Path>) -> Result<Self, EngineError> {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .cranelift_nan_canonicalization(true)
            .wasm_relaxed_simd(false)
            .wasm_multi_memory(false)
            .wasm_backtrace_max_frames(None)
            .max_wasm_stack(MAX_STACK_BYTES)
            .memory_may_move(false);
        let wasmtime = wasmtime::Engine::new(&config).map_err(|e| EngineError(format!("{e:#}")))?;
        let linker = system_api::linker(&wasmtime).map_err(|e| EngineError(format!("{e:#}")))?;
        Ok(Self {
            wasmtime,
            linker,
            modules: Mutex::default(),
            cache: cache_dir.map(CompiledCache::new),
        })
    }

    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }

    /// Checks and compiles a module, or finds it compiled.
    pub fn load(&self, source: &[u8]) -> Result<Arc<CanisterModule>, InvalidModule> {
        let hash: [u8; 32] = Sha256::digest(source).into();
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = modules.get(&hash) {
            return Ok(Arc::clone(module));
        }
        let module = Arc::new(self.compile(hash, source)?);
        if modules.len() >= UNUSED_MODULES {
            modules.retain(|_, module| Arc::strong_count(module) > 1);
        }
        modules.insert(hash, Arc::clone(&module));
        Ok(module)
    }

    fn compile(&self, hash: [u8; 32], source: &[u8]) -> Result<CanisterModule, InvalidModule> {
        let module = wasm::instrument(&wasm::unpack(source)?)?;
        let compiled = match &self.cache {
            Some(cache) => cache.load_or_compile(&self.wasmtime, &module.bytes),
            None => Module::new(&self.wasmtime, &module.bytes),
        };
        let compiled = compiled.map_err(|e| InvalidModule::Compile(format!("{e:#}")))?;
        check_entry_points(&compiled)?;
        let instance = self
            .linker
            .instantiate_pre(&compiled)
            .map_err(import_error)?;
        Ok(CanisterModule {
            hash,
            source: source.to_vec(),
            instance,
            mutable_globals: module.mutable_globals,
            functions: module.functions,
            metadata: module.metadata,
        })
    }
}

/// Everything the network calls by name takes no parameters and gives no result.
fn check_entry_points(module: &Module) -> Result<(), InvalidModule> {
    for export in module.exports() {
        let ExternType::Func(ty) = export.ty() else {
            continue;
        };
        let name = export.name();
        if name.starts_with(wasm::ENTRY_POINT) && ty.params().len() + ty.results().len() > 0 {
            let why = format!("its entry point `{name}` has parameters or results");
            return Err(InvalidModule::Forbidden(why));
        }
    }
    Ok(())
}

fn import_error(error: wasmtime::Error) -> InvalidModule {
    match error.downcast_ref::<UnknownImportError>() {
        Some(import) => InvalidModule::UnknownImport {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
        },
        None => InvalidModule::Compile(format!("{error:#}")),
    }
}
