//! One execution: a fresh instance over the committed state, run, and committed or dropped.

use std::{io, sync::Arc};

use serde::{Deserialize, Serialize};
use wasmtime::{AsContextMut as _, Global, Instance, Ref, Store, Val};

use super::{
    engine::{CanisterModule, Engine},
    entry::EntryPoint,
    memory::{Heap, HeapView, StableMemory, WASM_PAGE, changed_pages, map_private},
    state::{Closure, Effects, Input, SystemState},
    trap::{SystemError, Trapped},
    wasm,
};
use crate::rejection::ErrorCode;

/// The value of a mutable global. Floats are kept as their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GlobalValue {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(#[serde(with = "crate::wide")] u128),
}

/// The code of a canister and what it remembers, as last committed.
pub struct Code {
    /// The module.
    pub module: Arc<CanisterModule>,
    /// Values of the mutable globals.
    pub globals: Arc<Vec<GlobalValue>>,
    /// The heap.
    pub heap: Heap,
    /// Stable memory.
    pub stable: StableMemory,
}

/// A [`Code`] at one moment, for executions that run while it goes on.
#[derive(Clone)]
pub struct CodeView {
    /// The module.
    pub module: Arc<CanisterModule>,
    /// Values of the mutable globals.
    pub globals: Arc<Vec<GlobalValue>>,
    /// The heap.
    pub heap: HeapView,
    /// Stable memory.
    pub stable: StableMemory,
}

impl Code {
    /// For the next message.
    pub fn view(&self) -> CodeView {
        self.view_with(self.heap.view())
    }

    /// For queries, until the next publication.
    pub fn publish(&mut self) -> CodeView {
        let heap = self.heap.publish();
        self.view_with(heap)
    }

    fn view_with(&self, heap: HeapView) -> CodeView {
        CodeView {
            module: Arc::clone(&self.module),
            globals: Arc::clone(&self.globals),
            heap,
            stable: self.stable.clone(),
        }
    }
}

impl From<CodeView> for Code {
    /// Goes on from that moment; the view stays as it is.
    fn from(view: CodeView) -> Self {
        Self {
            module: view.module,
            globals: view.globals,
            heap: view.heap.into(),
            stable: view.stable,
        }
    }
}

/// What to run in an instance.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An exported function.
    Export(&'a str),
    /// The module's start function, if it has one.
    Start,
    /// A function in the table.
    Callback(Closure),
}

/// A live instance and what it has done.
pub struct Execution {
    store: Store<SystemState>,
    instance: Instance,
    module: Arc<CanisterModule>,
    /// The heap mapped beneath, if the instance did not start from scratch.
    heap: Option<HeapView>,
}

impl Execution {
    /// An instance that continues from `code`.
    pub fn resume(engine: &Engine, code: CodeView, state: SystemState) -> Result<Self, Trapped> {
        let mut execution = Self::fresh(engine, code.module, state)?;
        let module = Arc::clone(&execution.module);
        for (n, value) in code
            .globals
            .iter()
            .enumerate()
            .take(module.mutable_globals())
        {
            if let Some(global) = execution.global(n) {
                global
                    .set(&mut execution.store, value.to_val())
                    .map_err(internal)?;
            }
        }
        execution.map_heap(code.heap)?;
        Ok(execution)
    }

    /// An instance that keeps the heap of another module's instance, and nothing else of it.
    pub fn with_kept_heap(
        engine: &Engine,
        module: Arc<CanisterModule>,
        heap: HeapView,
        state: SystemState,
    ) -> Result<Self, Trapped> {
        let mut execution = Self::fresh(engine, module, state)?;
        execution.map_heap(heap)?;
        Ok(execution)
    }

    /// An instance as the module describes it.
    pub fn fresh(
        engine: &Engine,
        module: Arc<CanisterModule>,
        state: SystemState,
    ) -> Result<Self, Trapped> {
        let limit = state.limits.instructions;
        let mut store = Store::new(engine.wasmtime(), state);
        store.limiter(|state| state);
        store.set_fuel(limit).map_err(internal)?;
        let instance = module
            .instance()
            .instantiate(&mut store)
            .map_err(|e| Trapped::from_wasmtime(&e, limit))?;
        store.data_mut().memory = instance.get_memory(&mut store, wasm::MEMORY);
        Ok(Self {
            store,
            instance,
            module,
            heap: None,
        })
    }

    fn map_heap(&mut self, heap: HeapView) -> Result<(), Trapped> {
        if let Some(memory) = self.store.data().memory {
            let missing =
                (heap.bytes() as u64).saturating_sub(memory.data_size(&self.store) as u64);
            if missing > 0 {
                memory
                    .grow(&mut self.store, missing / WASM_PAGE)
                    .map_err(|e| match e.is::<SystemError>() {
                        true => Trapped::from_wasmtime(&e, 0),
                        false => out_of_memory(&e),
                    })?;
            }
            map_private(memory, &mut self.store, &heap).map_err(|e| out_of_memory(&e))?;
            self.heap = Some(heap);
        }
        Ok(())
    }

    fn global(&mut self, n: usize) -> Option<Global> {
        self.instance
            .get_global(&mut self.store, &wasm::global_name(n))
    }

    /// Runs a function. After a trap, the execution may only be dropped, or asked for its logs.
    pub fn run(&mut self, target: Target<'_>) -> Result<(), Trapped> {
        let limit = self.store.data().limits.instructions;
        let result = match target {
            Target::Export(name) => self.call_export(name),
            Target::Start
                if self
                    .instance
                    .get_func(&mut self.store, wasm::START)
                    .is_none() =>
            {
                Ok(())
            }
            Target::Start => self.call_export(wasm::START),
            Target::Callback(closure) => self.call_table(closure),
        };
        tracing::debug!(
            canister = %self.store.data().environment.canister_id,
            function = ?target,
            instructions = self.instructions(),
            "executed"
        );
        result.map_err(|e| Trapped::from_wasmtime(&e, limit))
    }

    /// Runs a callback of a composite query where the function before has left off.
    pub fn run_callback(
        &mut self,
        entry: EntryPoint,
        closure: Closure,
        input: Input,
        instructions: u64,
    ) -> Result<(), Trapped> {
        let state = self.store.data_mut();
        state.limits.instructions = instructions;
        state.begin_callback(entry, input);
        self.store.set_fuel(instructions).map_err(internal)?;
        self.run(Target::Callback(closure))
    }

    fn call_export(&mut self, name: &str) -> wasmtime::Result<()> {
        self.instance
            .get_typed_func::<(), ()>(&mut self.store, name)?
            .call(&mut self.store, ())
    }

    fn call_table(&mut self, closure: Closure) -> wasmtime::Result<()> {
        let table = self.instance.get_table(&mut self.store, wasm::TABLE);
        let entry = table.and_then(|table| table.get(&mut self.store, closure.function.into()));
        let Some(Ref::Func(Some(function))) = entry else {
            wasmtime::bail!("callback {} is not in the function table", closure.function);
        };
        function
            .typed::<u32, ()>(&self.store)?
            .call(&mut self.store, closure.env)
    }

    /// What the execution can see and has done.
    pub fn state(&mut self) -> &mut SystemState {
        self.store.data_mut()
    }

    /// Instructions used so far.
    pub fn instructions(&self) -> u64 {
        let limit = self.store.data().limits.instructions;
        limit - self.store.get_fuel().unwrap_or(0).min(limit)
    }

    /// Ends the execution without keeping its memories.
    pub fn into_state(self) -> SystemState {
        let mut state = self.store.into_data();
        state.drop_unfinished_call();
        state
    }

    /// Writes what changed back to `code` and gives the remaining effects, with the new cycle balance.
    pub fn commit(mut self, code: &mut Code) -> io::Result<(Effects, u128)> {
        code.globals = Arc::new(self.globals());
        if let Some(memory) = self.store.data().memory {
            let linear = memory.data(&self.store);
            let changed = changed_pages(linear, self.heap.as_ref())?;
            code.heap.commit(linear, &changed)?;
        }
        let state = self.into_state();
        code.stable = state.stable.commit();
        Ok((state.effects, state.balance))
    }

    /// Makes the instance a new canister's code, or that of a canister with a new module.
    pub fn into_code(mut self) -> io::Result<(Code, Effects, u128)> {
        let mut code = Code {
            module: Arc::clone(&self.module),
            globals: Arc::new(self.globals()),
            heap: Heap::new()?,
            stable: StableMemory::default(),
        };
        if let Some(memory) = self.store.data().memory {
            let linear = memory.data(&self.store);
            code.heap.commit(linear, &changed_pages(linear, None)?)?;
        }
        let state = self.into_state();
        code.stable = state.stable.commit();
        Ok((code, state.effects, state.balance))
    }

    fn globals(&mut self) -> Vec<GlobalValue> {
        let count = self.module.mutable_globals();
        (0..count)
            .filter_map(|n| GlobalValue::from_val(self.global(n)?.get(self.store.as_context_mut())))
            .collect()
    }
}

impl GlobalValue {
    fn from_val(value: Val) -> Option<Self> {
        Some(match value {
            Val::I32(value) => Self::I32(value),
            Val::I64(value) => Self::I64(value),
            Val::F32(bits) => Self::F32(bits),
            Val::F64(bits) => Self::F64(bits),
            Val::V128(value) => Self::V128(value.as_u128()),
            // Instrumentation refuses mutable globals of reference types.
            _ => return None,
        })
    }

    fn to_val(self) -> Val {
        match self {
            Self::I32(value) => Val::I32(value),
            Self::I64(value) => Val::I64(value),
            Self::F32(bits) => Val::F32(bits),
            Self::F64(bits) => Val::F64(bits),
            Self::V128(value) => Val::V128(value.into()),
        }
    }
}

fn internal(error: impl std::fmt::Display) -> Trapped {
    Trapped::new(
        ErrorCode::CanisterTrapped,
        format!("the canister cannot be started: {error:#}"),
    )
}

fn out_of_memory(error: &impl std::fmt::Display) -> Trapped {
    Trapped::new(
        ErrorCode::CanisterOutOfMemory,
        format!("Canister trapped: no memory for its heap: {error:#}"),
    )
}
