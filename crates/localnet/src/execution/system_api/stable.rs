//! Stable memory, in its 64-bit form and in the 32-bit one of older development kits.

use wasmtime::{Caller, Linker};

use super::{MODULE, charge, slice, slice_mut, split};
use crate::execution::{state::SystemState, trap::SystemError};

/// The 32-bit functions trap once stable memory is larger than this, as their addresses cannot reach all of it.
const MAX_32_BIT_PAGES: u64 = 65_536;

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "stable64_size", |c: Caller<'_, SystemState>| {
        wasmtime::Result::Ok(c.data().stable.wasm_pages())
    })?;
    linker.func_wrap(
        MODULE,
        "stable64_grow",
        |mut c: Caller<'_, SystemState>, pages: u64| {
            wasmtime::Result::Ok(c.data_mut().stable.grow(pages).unwrap_or(u64::MAX))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "stable64_read",
        |mut c: Caller<'_, SystemState>, dst: u64, offset: u64, size: u64| {
            read(&mut c, heap_address(dst)?, offset, heap_address(size)?)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "stable64_write",
        |mut c: Caller<'_, SystemState>, offset: u64, src: u64, size: u64| {
            write(&mut c, offset, heap_address(src)?, heap_address(size)?)
        },
    )?;
    linker.func_wrap(MODULE, "stable_size", |c: Caller<'_, SystemState>| {
        allow_32_bit(&c)?;
        wasmtime::Result::Ok(c.data().stable.wasm_pages() as u32)
    })?;
    linker.func_wrap(
        MODULE,
        "stable_grow",
        |mut c: Caller<'_, SystemState>, pages: u32| {
            allow_32_bit(&c)?;
            if c.data().stable.wasm_pages() + u64::from(pages) > MAX_32_BIT_PAGES {
                return wasmtime::Result::Ok(u32::MAX);
            }
            Ok(c.data_mut()
                .stable
                .grow(pages.into())
                .map_or(u32::MAX, |before| before as u32))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "stable_read",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            allow_32_bit(&c)?;
            read(&mut c, dst, offset.into(), size)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "stable_write",
        |mut c: Caller<'_, SystemState>, offset: u32, src: u32, size: u32| {
            allow_32_bit(&c)?;
            write(&mut c, offset.into(), src, size)
        },
    )?;
    Ok(())
}

fn allow_32_bit(caller: &Caller<'_, SystemState>) -> Result<(), SystemError> {
    if caller.data().stable.wasm_pages() > MAX_32_BIT_PAGES {
        return Err(SystemError::StableTooBig);
    }
    Ok(())
}

fn heap_address(value: u64) -> Result<u32, SystemError> {
    u32::try_from(value).map_err(|_| SystemError::HeapOutOfBounds)
}

fn read(
    caller: &mut Caller<'_, SystemState>,
    dst: u32,
    offset: u64,
    size: u32,
) -> wasmtime::Result<()> {
    charge(caller, size.into())?;
    let (heap, state) = split(caller)?;
    let dst = slice_mut(heap, dst, size)?;
    Ok(state.stable.read(offset, dst).map_err(SystemError::from)?)
}

fn write(
    caller: &mut Caller<'_, SystemState>,
    offset: u64,
    src: u32,
    size: u32,
) -> wasmtime::Result<()> {
    charge(caller, size.into())?;
    let (heap, state) = split(caller)?;
    let src = slice(heap, src, size)?;
    Ok(state.stable.write(offset, src).map_err(SystemError::from)?)
}
