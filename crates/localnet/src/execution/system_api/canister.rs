//! What a canister can ask about itself and its subnet: ids, status, version, controllers, environment variables.

use candid::Principal;
use wasmtime::{Caller, Linker};

use super::{MODULE, copy_in, copy_in_text, copy_out};
use crate::execution::{entry::EntryPoints, state::SystemState, trap::SystemError};

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    identity(linker)?;
    variables(linker)?;
    linker.func_wrap(MODULE, "canister_status", |c: Caller<'_, SystemState>| {
        c.data().allow("canister_status", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().environment.status)
    })?;
    linker.func_wrap(MODULE, "canister_version", |c: Caller<'_, SystemState>| {
        c.data().allow("canister_version", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().environment.version)
    })?;
    linker.func_wrap(
        MODULE,
        "is_controller",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            let id = copy_in(&mut c, src, size)?;
            let id = Principal::try_from_slice(&id).map_err(|e| {
                SystemError::Contract(format!("is_controller was given no principal: {e}"))
            })?;
            wasmtime::Result::Ok(u32::from(c.data().environment.controllers.contains(&id)))
        },
    )?;
    Ok(())
}

fn identity(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "canister_self_size",
        |c: Caller<'_, SystemState>| {
            c.data().allow("canister_self_size", EntryPoints::ALL)?;
            wasmtime::Result::Ok(c.data().environment.canister_id.as_slice().len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "canister_self_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("canister_self_copy", EntryPoints::ALL)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                Ok(state.environment.canister_id.as_slice())
            })
        },
    )?;
    linker.func_wrap(MODULE, "subnet_self_size", |c: Caller<'_, SystemState>| {
        c.data().allow("subnet_self_size", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().environment.subnet_id.as_slice().len() as u32)
    })?;
    linker.func_wrap(
        MODULE,
        "subnet_self_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("subnet_self_copy", EntryPoints::ALL)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                Ok(state.environment.subnet_id.as_slice())
            })
        },
    )?;
    linker.func_wrap(MODULE, "subnet_self_node_count", || 1_u32)?;
    linker.func_wrap(MODULE, "root_key_size", |c: Caller<'_, SystemState>| {
        c.data().allow("root_key_size", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().environment.root_key.len() as u32)
    })?;
    linker.func_wrap(
        MODULE,
        "root_key_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("root_key_copy", EntryPoints::ALL)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                Ok(&state.environment.root_key)
            })
        },
    )?;
    Ok(())
}

fn variables(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "env_var_count", |c: Caller<'_, SystemState>| {
        c.data().environment.variables.len() as u32
    })?;
    linker.func_wrap(
        MODULE,
        "env_var_name_size",
        |c: Caller<'_, SystemState>, index: u32| {
            wasmtime::Result::Ok(variable_name(c.data(), index)?.len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_name_copy",
        |mut c: Caller<'_, SystemState>, index: u32, dst: u32, offset: u32, size: u32| {
            copy_out(&mut c, (dst, offset, size), |state| {
                variable_name(state, index)
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_name_exists",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            let name = copy_in_text(&mut c, src, size)?;
            wasmtime::Result::Ok(u32::from(
                c.data().environment.variables.contains_key(&name),
            ))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_value_size",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            let name = copy_in_text(&mut c, src, size)?;
            wasmtime::Result::Ok(variable_value(c.data(), &name)?.len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_value_copy",
        |mut c: Caller<'_, SystemState>,
         name_src: u32,
         name_size: u32,
         dst: u32,
         offset: u32,
         size: u32| {
            let name = copy_in_text(&mut c, name_src, name_size)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                variable_value(state, &name)
            })
        },
    )?;
    Ok(())
}

fn variable_name(state: &SystemState, index: u32) -> Result<&[u8], SystemError> {
    let name = state.environment.variables.keys().nth(index as usize);
    name.map(|name| name.as_bytes()).ok_or_else(|| {
        SystemError::Contract(format!("there is no environment variable number {index}"))
    })
}

fn variable_value<'a>(state: &'a SystemState, name: &str) -> Result<&'a [u8], SystemError> {
    let value = state.environment.variables.get(name);
    value.map(|value| value.as_bytes()).ok_or_else(|| {
        SystemError::Contract(format!("there is no environment variable named `{name}`"))
    })
}
