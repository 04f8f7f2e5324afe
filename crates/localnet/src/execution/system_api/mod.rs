//! The System API: what a canister can import from `ic0`, one module per topic of the interface specification.
//!
//! Functions for the retired 32-bit cycle and stable memory interfaces are offered too; canisters built with older
//! development kits import them.

mod calls;
mod canister;
mod certified_data;
mod costs;
mod cycles;
mod message;
mod response;
mod stable;
mod system;

use candid::Principal;
use wasmtime::{Caller, Linker};

use super::{state::SystemState, trap::SystemError};

/// The module that all imports come from.
pub const MODULE: &str = "ic0";

/// A linker with the whole System API.
pub fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<SystemState>> {
    let mut linker = Linker::new(engine);
    calls::register(&mut linker)?;
    canister::register(&mut linker)?;
    certified_data::register(&mut linker)?;
    costs::register(&mut linker)?;
    cycles::register(&mut linker)?;
    message::register(&mut linker)?;
    response::register(&mut linker)?;
    stable::register(&mut linker)?;
    system::register(&mut linker)?;
    Ok(linker)
}

/// Takes one instruction per byte, so that work done for the canister counts as its own.
fn charge(caller: &mut Caller<'_, SystemState>, bytes: u64) -> wasmtime::Result<()> {
    match caller.get_fuel()?.checked_sub(bytes) {
        Some(rest) => caller.set_fuel(rest),
        None => {
            caller.set_fuel(0)?;
            Err(wasmtime::Trap::OutOfFuel.into())
        }
    }
}

/// The canister's heap and the state of its execution, side by side.
fn split<'a>(
    caller: &'a mut Caller<'_, SystemState>,
) -> Result<(&'a mut [u8], &'a mut SystemState), SystemError> {
    let memory = caller.data().memory.ok_or(SystemError::HeapOutOfBounds)?;
    Ok(memory.data_and_store_mut(caller))
}

fn slice(heap: &[u8], src: u32, size: u32) -> Result<&[u8], SystemError> {
    let (start, size) = (src as usize, size as usize);
    heap.get(start..start.saturating_add(size))
        .ok_or(SystemError::HeapOutOfBounds)
}

fn slice_mut(heap: &mut [u8], dst: u32, size: u32) -> Result<&mut [u8], SystemError> {
    let (start, size) = (dst as usize, size as usize);
    heap.get_mut(start..start.saturating_add(size))
        .ok_or(SystemError::HeapOutOfBounds)
}

/// Copies `from[offset..offset + size]` into the heap at `dst`: the common shape of all `*_copy` functions.
fn copy_out(
    caller: &mut Caller<'_, SystemState>,
    (dst, offset, size): (u32, u32, u32),
    from: impl FnOnce(&SystemState) -> Result<&[u8], SystemError>,
) -> wasmtime::Result<()> {
    charge(caller, size.into())?;
    let (heap, state) = split(caller)?;
    let from = from(state)?;
    let (start, len) = (offset as usize, size as usize);
    let bytes = from.get(start..start.saturating_add(len)).ok_or_else(|| {
        SystemError::Contract(format!(
            "{len} bytes from offset {start} on were asked for, but there are only {}",
            from.len()
        ))
    })?;
    slice_mut(heap, dst, size)?.copy_from_slice(bytes);
    Ok(())
}

/// Copies `heap[src..src + size]` out of the heap. Callers bound the size first.
fn copy_in(caller: &mut Caller<'_, SystemState>, src: u32, size: u32) -> wasmtime::Result<Vec<u8>> {
    charge(caller, size.into())?;
    let (heap, _) = split(caller)?;
    Ok(slice(heap, src, size)?.to_vec())
}

/// Like [`copy_in`], for texts, which must be UTF-8.
fn copy_in_text(
    caller: &mut Caller<'_, SystemState>,
    src: u32,
    size: u32,
) -> wasmtime::Result<String> {
    let bytes = copy_in(caller, src, size)?;
    String::from_utf8(bytes)
        .map_err(|_| SystemError::Contract("a text is not valid UTF-8".into()).into())
}

/// Like [`copy_in`], for principals.
fn copy_in_principal(
    caller: &mut Caller<'_, SystemState>,
    src: u32,
    size: u32,
) -> wasmtime::Result<Principal> {
    let bytes = copy_in(
        caller,
        src,
        size.min(Principal::MAX_LENGTH_IN_BYTES as u32 + 1),
    )?;
    Principal::try_from_slice(&bytes)
        .map_err(|e| SystemError::Contract(format!("an invalid principal id: {e}")).into())
}

/// Writes an amount of cycles as a little-endian 128-bit number at `dst`.
fn put_u128(caller: &mut Caller<'_, SystemState>, dst: u32, amount: u128) -> wasmtime::Result<()> {
    let (heap, _) = split(caller)?;
    slice_mut(heap, dst, 16)?.copy_from_slice(&amount.to_le_bytes());
    Ok(())
}

fn u128_of(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// An amount of cycles for the retired 64-bit interface.
fn u64_cycles(amount: u128) -> Result<u64, SystemError> {
    u64::try_from(amount)
        .map_err(|_| SystemError::Contract("the amount of cycles does not fit in 64 bits".into()))
}
