//! What a canister can ask about itself and its subnet: ids, status, version, controllers, environment variables.

use wasmtime::{Caller, Linker};

use super::{MODULE, copy_in_principal, copy_in_text, copy_out};
use crate::execution::{entry::EntryPoints, state::SystemState, trap::SystemError};

/// Far longer than the name of any environment variable.
const MAX_NAME_BYTES: u32 = 64 << 10;

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
            let id = copy_in_principal(&mut c, src, size)?;
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
        c.data().allow("env_var_count", EntryPoints::ALL)?;
        wasmtime::Result::Ok(c.data().environment.variables.len() as u32)
    })?;
    linker.func_wrap(
        MODULE,
        "env_var_name_size",
        |c: Caller<'_, SystemState>, index: u32| {
            c.data().allow("env_var_name_size", EntryPoints::ALL)?;
            wasmtime::Result::Ok(variable_name(c.data(), index)?.len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_name_copy",
        |mut c: Caller<'_, SystemState>, index: u32, dst: u32, offset: u32, size: u32| {
            c.data().allow("env_var_name_copy", EntryPoints::ALL)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                variable_name(state, index)
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_name_exists",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            let name = variable(&mut c, "env_var_name_exists", src, size)?;
            wasmtime::Result::Ok(u32::from(
                c.data().environment.variables.contains_key(&name),
            ))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "env_var_value_size",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            let name = variable(&mut c, "env_var_value_size", src, size)?;
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
            let name = variable(&mut c, "env_var_value_copy", name_src, name_size)?;
            copy_out(&mut c, (dst, offset, size), |state| {
                variable_value(state, &name)
            })
        },
    )?;
    Ok(())
}

/// Reads the name of an environment variable.
fn variable(
    caller: &mut Caller<'_, SystemState>,
    function: &str,
    src: u32,
    size: u32,
) -> wasmtime::Result<String> {
    caller.data().allow(function, EntryPoints::ALL)?;
    if size > MAX_NAME_BYTES {
        let text = format!("environment variables have no names of {size} bytes");
        return Err(SystemError::Contract(text).into());
    }
    copy_in_text(caller, src, size)
}

fn variable_name(state: &SystemState, index: u32) -> Result<&[u8], SystemError> {
    let name = state.environment.variables.keys().nth(index as usize);
    name.map(|name| name.as_bytes()).ok_or_else(|| {
        let length = state.environment.variables.len();
        SystemError::Contract(format!(
            "Environment variable index {index} is out of bounds. The number of environment variables is {length}."
        ))
    })
}

fn variable_value<'a>(state: &'a SystemState, name: &str) -> Result<&'a [u8], SystemError> {
    let value = state.environment.variables.get(name);
    value
        .map(|value| value.as_bytes())
        .ok_or_else(|| SystemError::Contract(format!("Environment variable {name} not found.")))
}
