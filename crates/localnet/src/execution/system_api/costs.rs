//! What operations would cost in cycles. Nothing costs any here.

use wasmtime::{Caller, Linker};

use super::{MODULE, put_u128};
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
    for name in [
        "cost_sign_with_ecdsa",
        "cost_sign_with_schnorr",
        "cost_vetkd_derive_key",
    ] {
        linker.func_wrap(
            MODULE,
            name,
            |mut c: Caller<'_, SystemState>, _: u32, _: u32, _: u32, dst: u32| {
                /// There is no key of the name asked for.
                const INVALID_KEY_NAME: u32 = 2;
                put_u128(&mut c, dst, 0)?;
                wasmtime::Result::Ok(INVALID_KEY_NAME)
            },
        )?;
    }
    Ok(())
}
