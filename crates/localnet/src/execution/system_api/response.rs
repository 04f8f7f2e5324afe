//! Answering the call.

use wasmtime::{Caller, Linker};

use super::{MODULE, copy_in, copy_in_text};
use crate::execution::{
    entry::EntryPoints,
    state::{Response, SystemState},
    trap::SystemError,
};

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "msg_reply_data_append",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            c.data()
                .allow("msg_reply_data_append", EntryPoints::ANSWERING)?;
            unanswered(c.data())?;
            let total = c.data().reply.len().saturating_add(size as usize);
            check_size(c.data(), "msg_reply_data_append", total)?;
            let bytes = copy_in(&mut c, src, size)?;
            c.data_mut().reply.extend_from_slice(&bytes);
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(MODULE, "msg_reply", |mut c: Caller<'_, SystemState>| {
        c.data().allow("msg_reply", EntryPoints::ANSWERING)?;
        let reply = std::mem::take(&mut c.data_mut().reply);
        answer(c.data_mut(), Ok(reply))
    })?;
    linker.func_wrap(
        MODULE,
        "msg_reject",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            c.data().allow("msg_reject", EntryPoints::ANSWERING)?;
            check_size(c.data(), "msg_reject", size as usize)?;
            let message = copy_in_text(&mut c, src, size)?;
            answer(c.data_mut(), Err(message))
        },
    )?;
    Ok(())
}

fn check_size(state: &SystemState, function: &str, size: usize) -> Result<(), SystemError> {
    let limit = state.limits.reply_bytes;
    if size <= limit {
        return Ok(());
    }
    Err(SystemError::Contract(format!(
        "ic0.{function}: application payload size ({size}) cannot be larger than {limit}."
    )))
}

fn unanswered(state: &SystemState) -> Result<(), SystemError> {
    if state.responded() {
        Err(SystemError::Contract("the call is already replied".into()))
    } else {
        Ok(())
    }
}

fn answer(state: &mut SystemState, response: Response) -> wasmtime::Result<()> {
    unanswered(state)?;
    // Cycles not accepted by now go back with the answer.
    state.input.cycles_available = 0;
    state.effects.response = Some(response);
    Ok(())
}
