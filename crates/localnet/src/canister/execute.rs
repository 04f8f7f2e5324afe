//! Executing one message of a canister's queue, all or nothing.

use std::{io, sync::Arc};

use candid::Principal;

use super::{
    Canister, Settings, Status,
    calls::CallContext,
    did_not_reply,
    messages::{Message, Origin, Outbound, Request, Response, Task},
    no_module,
};
use crate::{
    certification::CertifiedState,
    execution::{
        Closure, Effects, Engine, EntryPoint, Environment, Execution, Input, Limits, SystemState,
        Target, Trapped,
    },
    rejection::{ErrorCode, Rejection},
};

/// What executing takes besides the canister.
#[derive(Clone)]
pub struct Host {
    /// The compiler.
    pub engine: Arc<Engine>,
    /// The subnet's id.
    pub subnet_id: Principal,
    /// The root key, DER-encoded.
    pub root_key: Arc<[u8]>,
    /// The network's time, the same for a whole batch.
    pub time_ns: u64,
    /// Where data certificates come from; queries only.
    pub certified: Option<Arc<CertifiedState>>,
    /// What bounds one execution.
    pub limits: Limits,
    /// What bounds the calls that a canister has open as a caller.
    pub max_outgoing_calls: usize,
}

/// How a canister stands, as far as executions in it may ask.
pub struct Standing<'a> {
    pub id: Principal,
    pub settings: &'a Settings,
    pub status: &'a Status,
    pub version: u64,
    pub global_timer: u64,
    pub heap_bytes: u64,
    /// Calls that it made and that are not answered.
    pub open_calls: usize,
}

impl Host {
    /// What executions in a canister may ask.
    pub fn environment(&self, canister: Standing<'_>) -> Environment {
        Environment {
            canister_id: canister.id,
            subnet_id: self.subnet_id,
            root_key: Arc::clone(&self.root_key),
            time_ns: self.time_ns,
            status: canister.status.code(),
            version: canister.version,
            global_timer: canister.global_timer,
            controllers: Arc::clone(&canister.settings.controllers),
            variables: Arc::clone(&canister.settings.environment_variables),
            wasm_memory_limit: canister.settings.wasm_memory_limit,
            heap_bytes: canister.heap_bytes,
            certified: self.certified.clone(),
            max_outgoing_calls: self.max_outgoing_calls.saturating_sub(canister.open_calls),
        }
    }
}

/// A function to run in the name of a call context.
struct Invocation<'a> {
    context: u64,
    entry: EntryPoint,
    target: Target<'a>,
    input: Input,
    /// What to run if it traps.
    on_cleanup: Option<Closure>,
}

impl Canister {
    /// Executes a message. An error means that memory could not be written, and the network cannot go on.
    pub fn execute(&mut self, message: Message, host: &Host) -> io::Result<Vec<Outbound>> {
        let was_low = self.is_low_wasm_memory();
        let mut sent = match message {
            Message::Request(request) => self.execute_request(request, host),
            Message::Response(response) => self.execute_response(response, host),
            Message::Task(task) => self.execute_task(task, host),
        }?;
        if !was_low && self.is_low_wasm_memory() {
            sent.push(Outbound::Task(self.id, Task::LowWasmMemory));
        }
        Ok(sent)
    }

    fn is_low_wasm_memory(&self) -> bool {
        self.settings.is_low_wasm_memory(self.heap_bytes())
    }

    fn execute_request(&mut self, request: Request, host: &Host) -> io::Result<Vec<Outbound>> {
        let (entry, function) = match self
            .check_admission(&request)
            .and_then(|()| self.method(&request.method_name))
        {
            Ok(method) => method,
            Err(rejection) => {
                return Ok(vec![Outbound::Response(
                    request.origin,
                    Err(rejection),
                    request.cycles,
                )]);
            }
        };
        let context = self.calls.open(CallContext {
            origin: request.origin,
            sender: request.sender,
            cycles: request.cycles,
            deadline_ns: request.deadline_ns,
            responded: false,
            outstanding: 0,
            instructions: 0,
        });
        let invocation = Invocation {
            context,
            entry,
            target: Target::Export(&function),
            input: Input {
                payload: request.arg,
                ..Input::default()
            },
            on_cleanup: None,
        };
        self.execute_in_context(invocation, host)
    }

    fn check_admission(&self, request: &Request) -> Result<(), Rejection> {
        self.status.check_running(self.id)?;
        let minimum = self.settings.minimum_incoming_canister_call_cycles;
        let from_other = matches!(request.origin, Origin::Canister(caller, _) if caller != self.id);
        if from_other && request.cycles < minimum {
            let message = format!(
                "Canister {} takes calls of canisters with at least {minimum} cycles, not with {}",
                self.id, request.cycles
            );
            return Err(Rejection::new(ErrorCode::InsufficientCyclesInCall, message));
        }
        Ok(())
    }

    fn method(&self, name: &str) -> Result<(EntryPoint, String), Rejection> {
        let code = self.code.as_ref().ok_or_else(|| no_module(self.id))?;
        for (kind, entry) in [
            ("update", EntryPoint::Update),
            ("query", EntryPoint::ReplicatedQuery),
        ] {
            let function = format!("canister_{kind} {name}");
            if code.module.exports(&function) {
                return Ok((entry, function));
            }
        }
        if code
            .module
            .exports(&format!("canister_composite_query {name}"))
        {
            let message = format!(
                "Canister {}: the composite query '{name}' cannot be called as an update",
                self.id
            );
            return Err(Rejection::new(
                ErrorCode::CompositeQueryCalledInReplicatedMode,
                message,
            ));
        }
        let message = format!(
            "Error from Canister {}: Canister has no update method '{name}'.",
            self.id
        );
        Err(Rejection::new(ErrorCode::CanisterMethodNotFound, message))
    }

    fn execute_task(&mut self, task: Task, host: &Host) -> io::Result<Vec<Outbound>> {
        if self.status != Status::Running {
            return Ok(Vec::new());
        }
        if task == Task::GlobalTimer && !self.take_expired_timer(host.time_ns) {
            return Ok(Vec::new());
        }
        let function = task.function();
        let exported = self
            .code
            .as_ref()
            .is_some_and(|code| code.module.exports(function));
        if !exported {
            return Ok(Vec::new());
        }
        let context = self.calls.open(CallContext {
            origin: Origin::System,
            sender: Principal::management_canister(),
            cycles: 0,
            deadline_ns: 0,
            responded: true,
            outstanding: 0,
            instructions: 0,
        });
        let invocation = Invocation {
            context,
            entry: EntryPoint::SystemTask,
            target: Target::Export(function),
            input: Input::default(),
            on_cleanup: None,
        };
        self.execute_in_context(invocation, host)
    }

    /// Turns the global timer off if it is due. It may not be any more: other messages came before the task.
    fn take_expired_timer(&mut self, now_ns: u64) -> bool {
        let expired = (1..=now_ns).contains(&self.global_timer);
        if expired {
            self.global_timer = 0;
        }
        expired
    }

    fn execute_response(&mut self, response: Response, host: &Host) -> io::Result<Vec<Outbound>> {
        self.cycles = self.cycles.saturating_add(response.refund);
        let Some(callback) = self.calls.answered(response.callback) else {
            return Ok(Vec::new());
        };
        let input = Input {
            cycles_refunded: response.refund,
            ..Input::default()
        };
        let (entry, closure, input) = match response.outcome {
            Ok(payload) => (
                EntryPoint::Reply,
                callback.on_reply,
                Input { payload, ..input },
            ),
            Err(rejection) => {
                let reject = Some((u8::from(rejection.code).into(), rejection.message));
                (
                    EntryPoint::Reject,
                    callback.on_reject,
                    Input { reject, ..input },
                )
            }
        };
        let invocation = Invocation {
            context: callback.context,
            entry,
            target: Target::Callback(closure),
            input,
            on_cleanup: callback.on_cleanup,
        };
        self.execute_in_context(invocation, host)
    }

    /// Runs one function, and closes its call context if nothing is left to wait for.
    fn execute_in_context(
        &mut self,
        invocation: Invocation<'_>,
        host: &Host,
    ) -> io::Result<Vec<Outbound>> {
        let (id, context, on_cleanup) = (self.id, invocation.context, invocation.on_cleanup);
        match self.run(invocation, host)? {
            Ok(effects) => {
                let mut sent = self.apply(context, effects, host.time_ns);
                sent.extend(self.finish(context, || did_not_reply(id)));
                Ok(sent)
            }
            Err(mut trapped) => {
                if let Some(closure) = on_cleanup
                    && let Err(also) = self.clean_up(context, closure, host)?
                {
                    let message = &mut trapped.message;
                    message.push_str("\n\ncall_on_cleanup also failed:\n\n");
                    message.push_str(&also.message);
                }
                Ok(self.finish(context, || trapped.reject(id)))
            }
        }
    }

    /// Runs a cleanup callback. A trap in it changes nothing.
    fn clean_up(
        &mut self,
        context: u64,
        closure: Closure,
        host: &Host,
    ) -> io::Result<Result<(), Trapped>> {
        let invocation = Invocation {
            context,
            entry: EntryPoint::Cleanup,
            target: Target::Callback(closure),
            input: Input::default(),
            on_cleanup: None,
        };
        let result = self.run(invocation, host)?;
        Ok(result.map(|effects| {
            self.apply(context, effects, host.time_ns);
        }))
    }

    /// Runs one function in the name of its call context, and commits memories and balance if it succeeds.
    fn run(
        &mut self,
        invocation: Invocation<'_>,
        host: &Host,
    ) -> io::Result<Result<Effects, Trapped>> {
        let environment = self.environment(host);
        let Some(code) = &mut self.code else {
            return Ok(Err(Trapped::new(
                ErrorCode::CanisterWasmModuleNotFound,
                "the canister contains no Wasm module",
            )));
        };
        let Some(call) = self.calls.context(invocation.context) else {
            return Ok(Err(Trapped::new(
                ErrorCode::CanisterContractViolation,
                "the call is not open any more",
            )));
        };
        let input = Input {
            caller: call.sender.as_slice().to_vec(),
            cycles_available: call.cycles,
            deadline_ns: call.deadline_ns,
            responded: call.responded,
            instructions_before: call.instructions,
            ..invocation.input
        };
        let state = SystemState::new(
            invocation.entry,
            environment,
            input,
            self.cycles,
            code.stable.clone(),
            host.limits,
        );
        let mut execution = match Execution::resume(&host.engine, code.view(), state) {
            Ok(execution) => execution,
            Err(trapped) => return Ok(Err(trapped)),
        };
        let result = execution.run(invocation.target);
        call.instructions += execution.instructions();
        let logs = std::mem::take(&mut execution.state().effects.logs);
        let kept = match result {
            Ok(()) if invocation.entry == EntryPoint::ReplicatedQuery => {
                let state = execution.into_state();
                self.cycles = state.balance;
                self.version += 1;
                Ok(state.effects)
            }
            Ok(()) => {
                let (effects, balance) = execution.commit(code)?;
                self.cycles = balance;
                self.version += 1;
                Ok(effects)
            }
            Err(trapped) => Err(trapped),
        };
        self.log(host.time_ns, logs, kept.as_ref().err());
        Ok(kept)
    }

    /// What executions in this canister may ask.
    pub fn environment(&self, host: &Host) -> Environment {
        host.environment(Standing {
            id: self.id,
            settings: &self.settings,
            status: &self.status,
            version: self.version,
            global_timer: self.global_timer,
            heap_bytes: self.heap_bytes(),
            open_calls: self.calls.outstanding(),
        })
    }

    /// Writes down what was printed, and why it trapped if it did.
    pub fn log(&mut self, time_ns: u64, lines: Vec<Vec<u8>>, trapped: Option<&Trapped>) {
        if lines.is_empty() && trapped.is_none() {
            return;
        }
        let max_bytes = usize::try_from(self.settings.log_memory_limit).unwrap_or(usize::MAX);
        let logs = Arc::make_mut(&mut self.logs);
        for line in lines {
            tracing::info!(canister = %self.id, "{}", String::from_utf8_lossy(&line));
            logs.push(time_ns, line, max_bytes);
        }
        if let Some(trapped) = trapped {
            tracing::warn!(canister = %self.id, "{}", trapped.message);
            let line = format!("[TRAP]: {}", trapped.message).into_bytes();
            logs.push(time_ns, line, max_bytes);
        }
    }
}
