//! Cycles as bookkeeping: they move between canisters, but nothing costs any.

use wasmtime::{Caller, Linker};

use super::{MODULE, put_u128, u64_cycles, u128_of};
use crate::{
    execution::{
        entry::{
            EntryPoint::{
                Cleanup, Init, PreUpgrade, Reject, ReplicatedQuery, Reply, SystemTask, Update,
            },
            EntryPoints,
        },
        state::SystemState,
        trap::SystemError,
    },
    system_canisters::CYCLES_MINTING,
};

/// Where there may be cycles that came with a call.
const ATTACHED: EntryPoints = EntryPoints::of(&[Update, ReplicatedQuery, Reply, Reject]);
const REFUNDED: EntryPoints = EntryPoints::of(&[Reply, Reject]);
const BURN: EntryPoints = EntryPoints::of(&[
    Init,
    PreUpgrade,
    Update,
    ReplicatedQuery,
    Reply,
    Reject,
    Cleanup,
    SystemTask,
]);

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    of_message(linker)?;
    for name in [
        "canister_cycle_balance128",
        "canister_liquid_cycle_balance128",
    ] {
        linker.func_wrap(MODULE, name, |mut c: Caller<'_, SystemState>, dst: u32| {
            c.data().allow(name, EntryPoints::ALL)?;
            let balance = c.data().balance;
            put_u128(&mut c, dst, balance)
        })?;
    }
    linker.func_wrap(
        MODULE,
        "canister_cycle_balance",
        |c: Caller<'_, SystemState>| {
            c.data().allow("canister_cycle_balance", EntryPoints::ALL)?;
            wasmtime::Result::Ok(u64_cycles(c.data().balance)?)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "cycles_burn128",
        |mut c: Caller<'_, SystemState>, high: u64, low: u64, dst: u32| {
            c.data().allow("cycles_burn128", BURN)?;
            let burned = u128_of(high, low).min(c.data().balance);
            c.data_mut().balance -= burned;
            put_u128(&mut c, dst, burned)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "mint_cycles",
        |c: Caller<'_, SystemState>, _: u64| {
            wasmtime::Result::<u64>::Err(cannot_mint(&c, "mint_cycles"))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "mint_cycles128",
        |c: Caller<'_, SystemState>, _: u64, _: u64, _: u32| {
            wasmtime::Result::<()>::Err(cannot_mint(&c, "mint_cycles128"))
        },
    )?;
    Ok(())
}

fn cannot_mint(caller: &Caller<'_, SystemState>, function: &str) -> wasmtime::Error {
    let id = caller.data().environment.canister_id;
    let text = format!(
        "ic0.{function} cannot be executed on non Cycles Minting Canister: {id} != {CYCLES_MINTING}"
    );
    SystemError::Contract(text).into()
}

fn of_message(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "msg_cycles_available128",
        |mut c: Caller<'_, SystemState>, dst: u32| {
            c.data().allow("msg_cycles_available128", ATTACHED)?;
            let available = c.data().input.cycles_available;
            put_u128(&mut c, dst, available)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_cycles_available",
        |c: Caller<'_, SystemState>| {
            c.data().allow("msg_cycles_available", ATTACHED)?;
            wasmtime::Result::Ok(u64_cycles(c.data().input.cycles_available)?)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_cycles_refunded128",
        |mut c: Caller<'_, SystemState>, dst: u32| {
            c.data().allow("msg_cycles_refunded128", REFUNDED)?;
            let refunded = c.data().input.cycles_refunded;
            put_u128(&mut c, dst, refunded)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_cycles_refunded",
        |c: Caller<'_, SystemState>| {
            c.data().allow("msg_cycles_refunded", REFUNDED)?;
            wasmtime::Result::Ok(u64_cycles(c.data().input.cycles_refunded)?)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_cycles_accept128",
        |mut c: Caller<'_, SystemState>, high: u64, low: u64, dst: u32| {
            c.data().allow("msg_cycles_accept128", ATTACHED)?;
            let accepted = accept(c.data_mut(), u128_of(high, low));
            put_u128(&mut c, dst, accepted)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "msg_cycles_accept",
        |mut c: Caller<'_, SystemState>, max: u64| {
            c.data().allow("msg_cycles_accept", ATTACHED)?;
            wasmtime::Result::Ok(u64_cycles(accept(c.data_mut(), max.into()))?)
        },
    )?;
    Ok(())
}

fn accept(state: &mut SystemState, max: u128) -> u128 {
    let room = u128::MAX - state.balance;
    let accepted = max.min(state.input.cycles_available).min(room);
    state.input.cycles_available -= accepted;
    state.balance += accepted;
    state.effects.cycles_accepted += accepted;
    accepted
}
