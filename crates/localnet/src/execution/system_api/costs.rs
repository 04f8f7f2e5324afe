//! What operations would cost in cycles. Nothing costs any here.

use wasmtime::{Caller, Linker};

use super::{MODULE, put_u128, slice, split};
use crate::execution::state::SystemState;

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "cost_call",
        |mut c: Caller<'_, SystemState>, _: u64, _: u64, dst: u32| put_u128(&mut c, dst, 0),
    )?;
    linker.func_wrap(
        MODULE,
        "cost_create_canister",
        |mut c: Caller<'_, SystemState>, dst: u32| put_u128(&mut c, dst, 0),
    )?;
    linker.func_wrap(
        MODULE,
        "cost_http_request",
        |mut c: Caller<'_, SystemState>, _: u64, _: u64, dst: u32| put_u128(&mut c, dst, 0),
    )?;
    linker.func_wrap(
        MODULE,
        "cost_http_request_v2",
        |mut c: Caller<'_, SystemState>, _: u32, _: u32, dst: u32| put_u128(&mut c, dst, 0),
    )?;
    for (name, algorithms) in [
        ("cost_sign_with_ecdsa", 2),
        ("cost_sign_with_schnorr", 2),
        ("cost_vetkd_derive_key", 1),
    ] {
        linker.func_wrap(
            MODULE,
            name,
            move |mut c: Caller<'_, SystemState>, src: u32, size: u32, algorithm: u32, dst: u32| {
                const INVALID_ALGORITHM: u32 = 1;
                /// There is no key on this network, of whatever name.
                const INVALID_KEY_NAME: u32 = 2;
                let (heap, _) = split(&mut c)?;
                slice(heap, src, size)?;
                slice(heap, dst, 16)?;
                let known = algorithm < algorithms;
                wasmtime::Result::Ok(if known {
                    INVALID_KEY_NAME
                } else {
                    INVALID_ALGORITHM
                })
            },
        )?;
    }
    Ok(())
}
