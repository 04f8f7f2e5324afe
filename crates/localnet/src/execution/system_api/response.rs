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
            let bytes = copy_in(&mut c, src, size)?;
            let state = c.data_mut();
            if state.reply.len() + bytes.len() > state.limits.payload_bytes {
                let limit = state.limits.payload_bytes;
                return Err(SystemError::Contract(format!(
                    "the reply is larger than {limit} bytes"
                ))
                .into());
            }
            state.reply.extend_from_slice(&bytes);
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
            let limit = c.data().limits.payload_bytes;
            if size as usize > limit {
                return Err(SystemError::Contract(format!(
                    "the reject message is larger than {limit} bytes"
                ))
                .into());
            }
            let message = copy_in_text(&mut c, src, size)?;
            answer(c.data_mut(), Err(message))
        },
    )?;
    Ok(())
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
