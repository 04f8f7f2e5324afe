//! Time, the global timer, instruction counters, logs and traps.

use wasmtime::{Caller, Linker};

use super::{MODULE, charge, slice, split};
use crate::{
    execution::{
        entry::{
            EntryPoint::{
                Cleanup, CompositeQuery, CompositeReject, CompositeReply, Init, InspectMessage,
                PreUpgrade, Query, Reject, Reply, SystemTask, Update,
            },
            EntryPoints,
        },
        state::SystemState,
        trap::SystemError,
    },
    rejection::MAX_MESSAGE_BYTES,
};

const SET_TIMER: EntryPoints =
    EntryPoints::of(&[Init, PreUpgrade, Update, Reply, Reject, Cleanup, SystemTask]);
const NOT_REPLICATED: EntryPoints = EntryPoints::of(&[
    Query,
    CompositeQuery,
    CompositeReply,
    CompositeReject,
    InspectMessage,
]);

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "time", |c: Caller<'_, SystemState>| {
        c.data().allow("time", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().environment.time_ns)
    })?;
    linker.func_wrap(
        MODULE,
        "global_timer_set",
        |mut c: Caller<'_, SystemState>, deadline_ns: u64| {
            c.data().allow("global_timer_set", SET_TIMER)?;
            let state = c.data_mut();
            let before = state.effects.global_timer.replace(deadline_ns);
            wasmtime::Result::Ok(before.unwrap_or(state.environment.global_timer))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "performance_counter",
        |c: Caller<'_, SystemState>, counter: u32| {
            let used =
                c.data().limits.instructions - c.get_fuel()?.min(c.data().limits.instructions);
            match counter {
                0 => wasmtime::Result::Ok(used),
                1 => Ok(used + c.data().input.instructions_before),
                _ => Err(SystemError::Contract(format!(
                    "there is no performance counter {counter}"
                ))
                .into()),
            }
        },
    )?;
    linker.func_wrap(
        MODULE,
        "in_replicated_execution",
        |c: Caller<'_, SystemState>| u32::from(!NOT_REPLICATED.contains(c.data().entry)),
    )?;
    linker.func_wrap(
        MODULE,
        "debug_print",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            charge(&mut c, size.into())?;
            let (heap, state) = split(&mut c)?;
            // Printing never traps, whatever it is given.
            if let Ok(line) = slice(heap, src, size) {
                state.log(line);
            }
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "trap",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            // Whatever it is given, it is this trap that ends the execution. Rejections keep no more of it.
            let size = size.min(MAX_MESSAGE_BYTES as u32);
            let message = split(&mut c)
                .and_then(|(heap, _)| slice(heap, src, size))
                .map_or("(trap message out of memory bounds)".into(), |message| {
                    String::from_utf8_lossy(message).into_owned()
                });
            wasmtime::Result::<()>::Err(SystemError::Trap(message).into())
        },
    )?;
    Ok(())
}
