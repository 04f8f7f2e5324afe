//! Installing, upgrading and removing code, all or nothing.

use std::sync::Arc;

use candid::Principal;
use ic_management_canister_types::{
    CanisterInstallMode, ChangeDetails, CodeDeploymentMode, CodeDeploymentRecord,
    InstallChunkedCodeArgs, InstallCodeArgs, UninstallCodeArgs, UpgradeFlags,
    WasmMemoryPersistence,
};
use sha2::{Digest as _, Sha256};

use super::{
    Call, Handled, check_controller, check_controller_or_self, decode, done,
    history::{Changer, record},
};
use crate::{
    canister::Canister,
    execution::{
        CanisterModule, Code, Effects, EntryPoint, Execution, Input, StableMemory, SystemState,
        Target, Trapped,
    },
    executor::State,
    rejection::{ErrorCode, Rejection},
};

/// Chunks that a module can be made of. As none has more than 1 MiB, this bounds the module to the 100 MiB it may have.
const MAX_MODULE_CHUNKS: usize = 100;

pub fn install_code(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: InstallCodeArgs = decode(call.arg)?;
    check_controller(state, args.canister_id, call.sender)?;
    install(state, call.changer(args.sender_canister_version), args)?;
    done()
}

pub fn install_chunked_code(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: InstallChunkedCodeArgs = decode(call.arg)?;
    check_controller(state, args.target_canister, call.sender)?;
    let store = args.store_canister.unwrap_or(args.target_canister);
    check_controller_or_self(state, store, call.sender)?;
    let chunks = args.chunk_hashes_list.len();
    if chunks > MAX_MODULE_CHUNKS {
        return Err(invalid(format!(
            "the module is made of {chunks} chunks; at most {MAX_MODULE_CHUNKS} are allowed"
        )));
    }
    let mut module = Vec::new();
    for chunk in &args.chunk_hashes_list {
        let hash = <[u8; 32]>::try_from(chunk.hash.as_slice()).ok();
        let bytes = hash.and_then(|hash| state.canisters.get(&store)?.chunks.get(&hash));
        module.extend_from_slice(bytes.ok_or_else(|| {
            invalid(format!(
                "canister {store} stores no chunk with the hash {}",
                hex::encode(&chunk.hash)
            ))
        })?);
    }
    let hash = Sha256::digest(&module);
    if hash[..] != args.wasm_module_hash {
        let (is, said) = (hex::encode(hash), hex::encode(&args.wasm_module_hash));
        return Err(invalid(format!(
            "the chunks make a module with the hash {is}, not {said} as said"
        )));
    }
    let args = InstallCodeArgs {
        mode: args.mode,
        canister_id: args.target_canister,
        wasm_module: module,
        arg: args.arg,
        sender_canister_version: args.sender_canister_version,
    };
    install(state, call.changer(args.sender_canister_version), args)?;
    done()
}

fn invalid(message: String) -> Rejection {
    Rejection::new(ErrorCode::CanisterContractViolation, message)
}

pub fn uninstall_code(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: UninstallCodeArgs = decode(call.arg)?;
    check_controller(state, args.canister_id, call.sender)?;
    let by = call.changer(args.sender_canister_version);
    uninstall(state, args.canister_id, by)?;
    done()
}

/// Empties a canister. Its snapshots stay.
pub fn uninstall(state: &mut State, id: Principal, by: Changer) -> Result<(), Rejection> {
    let canister = state.canister_mut(id)?;
    canister.code = None;
    canister.certified_data.clear();
    canister.global_timer = 0;
    canister.chunks.clear();
    Arc::make_mut(&mut canister.logs).clear();
    canister.version += 1;
    for context in canister.calls.abandon() {
        let rejection = Rejection::new(
            ErrorCode::CanisterRejectedMessage,
            "Canister has been uninstalled.",
        );
        state.respond(context.origin, Err(rejection), context.cycles);
    }
    record(state, id, by, ChangeDetails::CodeUninstall)?;
    state.stop_if_done(id);
    Ok(())
}

fn install(state: &mut State, by: Changer, args: InstallCodeArgs) -> Result<(), Rejection> {
    let (id, mode) = (args.canister_id, args.mode);
    check_mode(state.canister(id)?, mode)?;
    let engine = Arc::clone(&state.host.engine);
    let module = engine.load(&args.wasm_module).map_err(|e| {
        Rejection::new(
            ErrorCode::CanisterInvalidWasm,
            format!("Error from Canister {id}: Canister's Wasm module is not valid: {e}"),
        )
    })?;
    let mut limits = state.limits.of_installation();
    limits.stable.new_bytes = state.host.limits.stable.new_bytes;
    limits.new_heap_bytes = state.host.limits.new_heap_bytes;
    let host = crate::canister::Host {
        limits,
        ..state.host.clone()
    };
    let module_hash = module.hash().to_vec();
    let canister = state.canister_mut(id)?;
    let mut installation = Installation {
        canister,
        host: &host,
        sender: by.id,
        logs: Vec::new(),
        certified_data: None,
        balance: canister.cycles,
    };
    let (installed, mode) = match mode {
        CanisterInstallMode::Install => (
            installation.install(module, args.arg),
            CodeDeploymentMode::Install,
        ),
        CanisterInstallMode::Reinstall => (
            installation.install(module, args.arg),
            CodeDeploymentMode::Reinstall,
        ),
        CanisterInstallMode::Upgrade(flags) => (
            installation.upgrade(module, args.arg, flags.unwrap_or_default()),
            CodeDeploymentMode::Upgrade,
        ),
    };
    let Installation {
        logs,
        certified_data,
        ..
    } = installation;
    canister.log(host.time_ns, logs, installed.as_ref().err());
    let (code, effects, balance) = installed.map_err(|trapped| trapped.reject(id))?;
    if mode != CodeDeploymentMode::Upgrade {
        canister.certified_data.clear();
    }
    if let Some(data) = effects.certified_data.or(certified_data) {
        canister.certified_data = data;
    }
    canister.code = Some(code);
    canister.global_timer = effects.global_timer.unwrap_or(0);
    canister.cycles = balance;
    canister.version += 1;
    let deployment = CodeDeploymentRecord { mode, module_hash };
    record(state, id, by, ChangeDetails::CodeDeployment(deployment))
}

/// Whether the mode fits a canister that is empty, or is not.
fn check_mode(canister: &Canister, mode: CanisterInstallMode) -> Result<(), Rejection> {
    let id = canister.id;
    match mode {
        CanisterInstallMode::Install if canister.code.is_some() => {
            let message = format!(
                "Canister {id} cannot be installed because the canister is not empty. Try installing \
                 with mode='reinstall' instead."
            );
            Err(Rejection::new(ErrorCode::CanisterNonEmpty, message))
        }
        CanisterInstallMode::Upgrade(_) if canister.code.is_none() => {
            let message =
                format!("Canister {id} cannot be upgraded because it contains no Wasm module");
            Err(Rejection::new(
                ErrorCode::CanisterWasmModuleNotFound,
                message,
            ))
        }
        _ => Ok(()),
    }
}

/// The steps of an installation. Nothing in the canister changes until all have succeeded.
struct Installation<'a> {
    canister: &'a Canister,
    host: &'a crate::canister::Host,
    sender: Principal,
    logs: Vec<Vec<u8>>,
    /// What `canister_pre_upgrade` certified.
    certified_data: Option<Vec<u8>>,
    /// The balance, as it changes.
    balance: u128,
}

type Installed = Result<(Code, Effects, u128), Trapped>;

impl Installation<'_> {
    fn install(&mut self, module: Arc<CanisterModule>, arg: Vec<u8>) -> Installed {
        let state = self.state(EntryPoint::Init, arg, StableMemory::default());
        let execution = Execution::fresh(&self.host.engine, Arc::clone(&module), state)?;
        self.initialize(execution, &module, "canister_init")
    }

    fn upgrade(
        &mut self,
        module: Arc<CanisterModule>,
        arg: Vec<u8>,
        flags: UpgradeFlags,
    ) -> Installed {
        let Some(code) = &self.canister.code else {
            return Err(Trapped::new(
                ErrorCode::CanisterWasmModuleNotFound,
                "there is nothing to upgrade",
            ));
        };
        check_persistence(&code.module, &module, flags.wasm_memory_persistence)?;
        let stable = match flags.skip_pre_upgrade {
            Some(true) => code.stable.clone(),
            _ => self.pre_upgrade(code)?,
        };
        let state = self.state(EntryPoint::Init, arg, stable);
        let engine = &self.host.engine;
        let execution = match flags.wasm_memory_persistence {
            Some(WasmMemoryPersistence::Keep) => {
                Execution::with_kept_heap(engine, Arc::clone(&module), code.heap.view(), state)?
            }
            _ => Execution::fresh(engine, Arc::clone(&module), state)?,
        };
        self.initialize(execution, &module, "canister_post_upgrade")
    }

    /// Runs the old code's last words; gives its stable memory. What it certified and the cycles it burned count,
    /// its heap and the timer it set do not.
    fn pre_upgrade(&mut self, code: &Code) -> Result<StableMemory, Trapped> {
        const FUNCTION: &str = "canister_pre_upgrade";
        if !code.module.exports(FUNCTION) {
            return Ok(code.stable.clone());
        }
        let state = self.state(EntryPoint::PreUpgrade, Vec::new(), code.stable.clone());
        let mut execution = Execution::resume(&self.host.engine, code.view(), state)?;
        self.run(&mut execution, Target::Export(FUNCTION))?;
        let state = execution.into_state();
        self.certified_data = state.effects.certified_data;
        self.balance = state.balance;
        Ok(state.stable.commit())
    }

    fn initialize(
        &mut self,
        mut execution: Execution,
        module: &CanisterModule,
        function: &str,
    ) -> Installed {
        execution.state().entry = EntryPoint::Start;
        self.run(&mut execution, Target::Start)?;
        execution.state().entry = EntryPoint::Init;
        if module.exports(function) {
            self.run(&mut execution, Target::Export(function))?;
        }
        execution.into_code().map_err(|e| {
            Trapped::new(
                ErrorCode::CanisterOutOfMemory,
                format!("the heap cannot be stored: {e}"),
            )
        })
    }

    fn run(&mut self, execution: &mut Execution, target: Target<'_>) -> Result<(), Trapped> {
        let result = execution.run(target);
        self.logs.append(&mut execution.state().effects.logs);
        result
    }

    fn state(&self, entry: EntryPoint, payload: Vec<u8>, stable: StableMemory) -> SystemState {
        let mut environment = self.canister.environment(self.host);
        if entry != EntryPoint::PreUpgrade {
            // The new code is of the next version, and its timer is off.
            environment.version += 1;
            environment.global_timer = 0;
        }
        let input = Input {
            caller: self.sender.as_slice().to_vec(),
            payload,
            ..Input::default()
        };
        let mut limits = self.host.limits;
        // The memory that the canister had makes room, and what the old code's last words took is taken.
        let room = limits
            .stable
            .new_bytes
            .saturating_add(self.canister.stable_bytes());
        limits.stable.new_bytes = room.saturating_sub(stable.bytes());
        SystemState::new(entry, environment, input, self.balance, stable, limits)
    }
}

/// A module with enhanced orthogonal persistence keeps its state in the heap: it must say what is to become of that.
fn check_persistence(
    old: &CanisterModule,
    new: &CanisterModule,
    persistence: Option<WasmMemoryPersistence>,
) -> Result<(), Trapped> {
    const SECTION: &str = "enhanced-orthogonal-persistence";
    let has_section = |module: &CanisterModule| module.metadata().iter().any(|m| m.name == SECTION);
    let message = match persistence {
        None if has_section(old) => {
            "Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade \
             option."
        }
        Some(WasmMemoryPersistence::Keep) if !has_section(new) => {
            "Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new \
             canister module supports enhanced orthogonal persistence."
        }
        _ => return Ok(()),
    };
    Err(Trapped::new(ErrorCode::CanisterContractViolation, message))
}
