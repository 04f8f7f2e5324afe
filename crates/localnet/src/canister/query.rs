//! Queries, which leave nothing behind. A composite query calls queries of other canisters, one after the other, all in
//! the same published state.

use candid::Principal;

use super::{CanisterView, Canisters, Host, did_not_reply, not_found};
use crate::{
    execution::{EntryPoint, Execution, Input, OutgoingCall, Target, Trapped},
    rejection::{ErrorCode, Rejection},
    system_canisters,
};

type Reply = Result<Vec<u8>, Rejection>;

/// A call of a query method.
pub struct QueryCall {
    /// Who calls.
    pub caller: Principal,
    /// The method called.
    pub method: String,
    /// The argument.
    pub arg: Vec<u8>,
}

/// Upper bounds on a query with the queries that it calls, besides those on each.
#[derive(Clone, Copy, Debug)]
pub struct QueryGraphLimits {
    /// How deep calls can be nested.
    pub depth: usize,
    /// Instructions that each call costs, however few the method called takes.
    pub call_instructions: u64,
}

/// A query with the queries that it calls, and those that they call. All share one budget of instructions.
pub struct QueryGraph<'a> {
    host: &'a Host,
    canisters: &'a Canisters,
    instructions: u64,
    depth: usize,
    limits: QueryGraphLimits,
}

impl<'a> QueryGraph<'a> {
    /// A graph of which nothing is executed yet.
    pub fn new(host: &'a Host, canisters: &'a Canisters, limits: QueryGraphLimits) -> Self {
        Self {
            host,
            canisters,
            instructions: host.limits.instructions,
            depth: 0,
            limits,
        }
    }

    /// Executes a query method and what it calls.
    pub fn execute(&mut self, canister: &CanisterView, call: QueryCall) -> Reply {
        let caller = call.caller.as_slice().to_vec();
        let (entry, function) = canister.query_method(&call.method)?;
        let input = Input {
            caller: caller.clone(),
            payload: call.arg,
            ..Input::default()
        };
        let mut execution = canister.start(entry, input, &self.host_now())?;
        let result = execution.run(Target::Export(&function));
        let mut used = self.account(canister, &mut execution, result)?;
        let mut calls = made_calls(&mut execution);
        while let Some(outgoing) = calls.pop() {
            let (on_reply, on_reject) = (outgoing.on_reply, outgoing.on_reject);
            let mut input = Input {
                caller: caller.clone(),
                responded: execution.state().responded(),
                instructions_before: used,
                ..Input::default()
            };
            let (entry, closure) = match self.call(canister.id, outgoing) {
                Ok(payload) => {
                    input.payload = payload;
                    (EntryPoint::CompositeReply, on_reply)
                }
                Err(rejection) => {
                    input.reject = Some((u8::from(rejection.code).into(), rejection.message));
                    (EntryPoint::CompositeReject, on_reject)
                }
            };
            if self.instructions == 0 {
                let message = "Composite query calls exceeded the instruction limit.";
                let code = ErrorCode::QueryCallGraphTotalInstructionLimitExceeded;
                return Err(Rejection::new(code, message));
            }
            let state = execution.state();
            state.environment.max_outgoing_calls =
                self.host.max_outgoing_calls.saturating_sub(calls.len());
            state.outgoing_bytes = calls.iter().map(OutgoingCall::bytes).sum();
            let result = execution.run_callback(entry, closure, input, self.instructions);
            // Its effects on the heap cannot be told from those before, so a trap in a callback ends the query.
            used += self.account(canister, &mut execution, result)?;
            calls.extend(made_calls(&mut execution));
        }
        let response = execution.into_state().effects.response;
        response
            .ok_or_else(|| did_not_reply(canister.id))?
            .map_err(|message| Rejection::new(ErrorCode::CanisterRejectedMessage, message))
    }

    /// What the next method is executed with. Only the one that was called from outside gets a certificate.
    fn host_now(&self) -> Host {
        let mut host = self.host.clone();
        host.limits.instructions = self.instructions;
        if self.depth > 0 {
            host.certified = None;
        }
        host
    }

    fn call(&mut self, caller: Principal, call: OutgoingCall) -> Reply {
        self.instructions = self
            .instructions
            .saturating_sub(self.limits.call_instructions);
        if self.depth >= self.limits.depth {
            let message = "Composite query calls exceeded the maximum call depth.";
            return Err(Rejection::new(ErrorCode::QueryCallGraphTooDeep, message));
        }
        if system_canisters::contains(call.callee) {
            let subnet = self.host.subnet_id;
            return system_canisters::query(call.callee, &call.method_name, subnet);
        }
        let canisters = self.canisters;
        let callee = canisters.get(&call.callee);
        let callee = callee.ok_or_else(|| not_found(call.callee))?;
        self.depth += 1;
        let call = QueryCall {
            caller,
            method: call.method_name,
            arg: call.payload,
        };
        let reply = self.execute(callee, call);
        self.depth -= 1;
        reply
    }

    /// Takes what a function used off the budget.
    fn account(
        &mut self,
        canister: &CanisterView,
        execution: &mut Execution,
        result: Result<(), Trapped>,
    ) -> Result<u64, Rejection> {
        let used = execution.instructions();
        self.instructions = self.instructions.saturating_sub(used);
        canister.trace(execution);
        result
            .map(|()| used)
            .map_err(|trapped| trapped.reject(canister.id))
    }
}

/// The calls that a function made, last one first.
fn made_calls(execution: &mut Execution) -> Vec<OutgoingCall> {
    let mut calls = std::mem::take(&mut execution.state().effects.calls);
    calls.reverse();
    calls
}
