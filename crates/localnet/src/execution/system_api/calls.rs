//! Calls to other canisters. They are collected here and sent when the execution has succeeded.

use wasmtime::{Caller, Linker};

use super::{MODULE, copy_in, copy_in_principal, copy_in_text, u128_of};
use crate::execution::{
    entry::{
        EntryPoint::{
            CompositeQuery, CompositeReject, CompositeReply, Reject, Reply, SystemTask, Update,
        },
        EntryPoints,
    },
    module_rules::MAX_METHOD_NAME_BYTES,
    state::{Closure, OutgoingCall, SystemState},
    trap::SystemError,
};

const CALL: EntryPoints = EntryPoints::of(&[
    Update,
    CompositeQuery,
    Reply,
    Reject,
    CompositeReply,
    CompositeReject,
    SystemTask,
]);
/// Queries have no cycles to give.
const CYCLES: EntryPoints = EntryPoints::of(&[Update, Reply, Reject, SystemTask]);
/// The longest a caller may wait with `call_with_best_effort_response`.
const MAX_TIMEOUT_SECONDS: u32 = 300;
/// What `call_perform` gives when the call cannot be enqueued: the reject code for a transient error.
const SYS_TRANSIENT: u32 = 2;

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "call_new", call_new)?;
    linker.func_wrap(
        MODULE,
        "call_on_cleanup",
        |mut c: Caller<'_, SystemState>, function: u32, env: u32| {
            let call = pending(&mut c, "call_on_cleanup")?;
            if call.on_cleanup.replace(Closure { function, env }).is_some() {
                return Err(SystemError::Contract(
                    "the call has a cleanup function already".into(),
                )
                .into());
            }
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "call_data_append",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            let limit = c.data().limits.payload_bytes;
            let call = pending(&mut c, "call_data_append")?;
            let total = call.payload.len().saturating_add(size as usize);
            if total > limit {
                return Err(SystemError::Contract(format!(
                    "Request to {}:{} has a payload size of {total}, which exceeds the allowed limit of {limit}.",
                    call.callee, call.method_name
                ))
                .into());
            }
            let bytes = copy_in(&mut c, src, size)?;
            let call = pending(&mut c, "call_data_append")?;
            call.payload.extend_from_slice(&bytes);
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "call_with_best_effort_response",
        |mut c: Caller<'_, SystemState>, seconds: u32| {
            let call = pending(&mut c, "call_with_best_effort_response")?;
            if call
                .timeout_seconds
                .replace(seconds.min(MAX_TIMEOUT_SECONDS))
                .is_some()
            {
                return Err(SystemError::Contract("the call has a timeout already".into()).into());
            }
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "call_cycles_add",
        |mut c: Caller<'_, SystemState>, amount: u64| {
            add_cycles(&mut c, "call_cycles_add", amount.into())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "call_cycles_add128",
        |mut c: Caller<'_, SystemState>, high: u64, low: u64| {
            add_cycles(&mut c, "call_cycles_add128", u128_of(high, low))
        },
    )?;
    linker.func_wrap(MODULE, "call_perform", |mut c: Caller<'_, SystemState>| {
        pending(&mut c, "call_perform")?;
        let state = c.data_mut();
        let Some(call) = state.call.take() else {
            return wasmtime::Result::Ok(SYS_TRANSIENT);
        };
        Ok(if state.send(call) { 0 } else { SYS_TRANSIENT })
    })?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the System API has that many")]
fn call_new(
    mut caller: Caller<'_, SystemState>,
    callee_src: u32,
    callee_size: u32,
    name_src: u32,
    name_size: u32,
    reply_fun: u32,
    reply_env: u32,
    reject_fun: u32,
    reject_env: u32,
) -> wasmtime::Result<()> {
    caller.data().allow("call_new", CALL)?;
    caller.data_mut().drop_unfinished_call();
    let callee = copy_in_principal(&mut caller, callee_src, callee_size)?;
    if name_size as usize > MAX_METHOD_NAME_BYTES {
        return Err(SystemError::Contract(format!(
            "Size of method_name {name_size} exceeds the allowed limit of {MAX_METHOD_NAME_BYTES}."
        ))
        .into());
    }
    let method_name = copy_in_text(&mut caller, name_src, name_size)?;
    caller.data_mut().call = Some(OutgoingCall {
        callee,
        method_name,
        payload: Vec::new(),
        cycles: 0,
        timeout_seconds: None,
        on_reply: Closure {
            function: reply_fun,
            env: reply_env,
        },
        on_reject: Closure {
            function: reject_fun,
            env: reject_env,
        },
        on_cleanup: None,
    });
    Ok(())
}

fn pending<'a>(
    caller: &'a mut Caller<'_, SystemState>,
    function: &str,
) -> Result<&'a mut OutgoingCall, SystemError> {
    caller.data().allow(function, CALL)?;
    caller.data_mut().call.as_mut().ok_or_else(|| {
        SystemError::Contract(format!(
            "{function} called when no call is under construction"
        ))
    })
}

fn add_cycles(
    caller: &mut Caller<'_, SystemState>,
    function: &str,
    amount: u128,
) -> wasmtime::Result<()> {
    caller.data().allow(function, CYCLES)?;
    let total = pending(caller, function)?.cycles.checked_add(amount);
    let total = total.ok_or_else(|| {
        SystemError::Contract("the cycles of the call do not fit in 128 bits".into())
    })?;
    let state = caller.data_mut();
    let Some(rest) = state.balance.checked_sub(amount) else {
        return Err(SystemError::OutOfCycles {
            canister: state.environment.canister_id,
            missing: amount - state.balance,
        }
        .into());
    };
    state.balance = rest;
    pending(caller, function)?.cycles = total;
    Ok(())
}
