//! What the message being executed brings: argument, caller, reject, deadline; and `inspect_message`.

use wasmtime::{Caller, Linker};

use super::{MODULE, copy_out};
use crate::execution::{
    entry::{
        EntryPoint::{
            Cleanup, CompositeQuery, CompositeReject, CompositeReply, Init, InspectMessage, Query,
            Reject, ReplicatedQuery, Reply, Update,
        },
        EntryPoints,
    },
    state::SystemState,
    trap::SystemError,
};

const ARG: EntryPoints = EntryPoints::of(&[
    Init,
    Update,
    ReplicatedQuery,
    Query,
    CompositeQuery,
    Reply,
    CompositeReply,
    InspectMessage,
]);
const REJECT_CODE: EntryPoints =
    EntryPoints::of(&[Reply, Reject, CompositeReply, CompositeReject, Cleanup]);
const REJECT_MSG: EntryPoints = EntryPoints::of(&[Reject, CompositeReject]);
/// Where the deadline is that of the caller; queries have none.
const DEADLINE: EntryPoints = EntryPoints::of(&[Update, Reply, Reject]);
const INSPECT: EntryPoints = EntryPoints::of(&[InspectMessage]);

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    argument_and_caller(linker)?;
    reject(linker)?;
    inspect(linker)?;
    linker.func_wrap(MODULE, "msg_deadline", |c: Caller<'_, SystemState>| {
        c.data().allow("msg_deadline", EntryPoints::ANSWERING)?;
        let has_deadline = DEADLINE.contains(c.data().entry);
        wasmtime::Result::Ok(if has_deadline {
            c.data().input.deadline_ns
        } else {
            0
        })
    })?;
    Ok(())
}

fn argument_and_caller(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "msg_arg_data_size", |c: Caller<'_, SystemState>| {
        c.data().allow("msg_arg_data_size", ARG)?;
        wasmtime::Result::Ok(c.data().input.payload.len() as u32)
    })?;
    linker.func_wrap(
        MODULE,
        "msg_arg_data_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("msg_arg_data_copy", ARG)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                Ok(&state.input.payload)
            })
        },
    )?;
    linker.func_wrap(MODULE, "msg_caller_size", |c: Caller<'_, SystemState>| {
        c.data().allow("msg_caller_size", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().input.caller.len() as u32)
    })?;
    linker.func_wrap(
        MODULE,
        "msg_caller_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("msg_caller_copy", EntryPoints::ALL)?;
            copy_out(&mut c, (dst, offset, size), |state| Ok(&state.input.caller))
        },
    )?;
    // Sender information attached by an identity provider: this network never has any.
    for name in ["msg_caller_info_data", "msg_caller_info_signer"] {
        linker.func_wrap(MODULE, &format!("{name}_size"), || 0_u32)?;
        linker.func_wrap(
            MODULE,
            &format!("{name}_copy"),
            |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
                copy_out(&mut c, (dst, offset, size), |_| Ok(&[]))
            },
        )?;
    }
    Ok(())
}

fn reject(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "msg_reject_code", |c: Caller<'_, SystemState>| {
        c.data().allow("msg_reject_code", REJECT_CODE)?;
        wasmtime::Result::Ok(c.data().input.reject.as_ref().map_or(0, |(code, _)| *code))
    })?;
    linker.func_wrap(
        MODULE,
        "msg_reject_msg_size",
        |c: Caller<'_, SystemState>| {
            c.data().allow("msg_reject_msg_size", REJECT_MSG)?;
            wasmtime::Result::Ok(reject_message(c.data())?.len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_reject_msg_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("msg_reject_msg_copy", REJECT_MSG)?;
            copy_out(&mut c, (dst, offset, size), reject_message)
        },
    )?;
    Ok(())
}

fn reject_message(state: &SystemState) -> Result<&[u8], SystemError> {
    match &state.input.reject {
        Some((_, message)) => Ok(message.as_bytes()),
        None => Err(SystemError::Contract("there is no reject message".into())),
    }
}

fn inspect(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "msg_method_name_size",
        |c: Caller<'_, SystemState>| {
            c.data().allow("msg_method_name_size", INSPECT)?;
            wasmtime::Result::Ok(c.data().input.method_name.len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_method_name_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("msg_method_name_copy", INSPECT)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                Ok(state.input.method_name.as_bytes())
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "accept_message",
        |mut c: Caller<'_, SystemState>| {
            c.data().allow("accept_message", INSPECT)?;
            if std::mem::replace(&mut c.data_mut().effects.accepted, true) {
                return Err(SystemError::Contract("the message was accepted before".into()).into());
            }
            wasmtime::Result::Ok(())
        },
    )?;
    Ok(())
}
