//! Creating canisters and giving them cycles.

use candid::{Nat, Principal};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterSettings, ChangeDetails, CreateCanisterArgs, CreationRecord,
    ProvisionalCreateCanisterWithCyclesArgs, ProvisionalTopUpCanisterArgs,
};

use super::{
    Call, Handled, decode, done,
    history::{Changer, record},
    reply,
};
use crate::{
    canister::Settings,
    executor::State,
    rejection::{ErrorCode, Rejection},
    system_canisters,
};

/// What a canister gets if its creator does not say: plenty, as nothing costs any.
const DEFAULT_CYCLES: u128 = 100_000_000_000_000;

pub fn create_canister(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: CreateCanisterArgs = if call.arg.is_empty() {
        CreateCanisterArgs::default()
    } else {
        decode(call.arg)?
    };
    let creator = call.changer(args.sender_canister_version);
    let id = create(state, creator, args.settings, None, call.cycles)?;
    call.cycles = 0;
    reply(&CanisterIdRecord { canister_id: id })
}

pub fn provisional_create_canister_with_cycles(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: ProvisionalCreateCanisterWithCyclesArgs = decode(call.arg)?;
    let cycles = args.amount.as_ref().map_or(Ok(DEFAULT_CYCLES), amount)?;
    let creator = call.changer(args.sender_canister_version);
    let id = create(state, creator, args.settings, args.specified_id, cycles)?;
    reply(&CanisterIdRecord { canister_id: id })
}

pub fn provisional_top_up_canister(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: ProvisionalTopUpCanisterArgs = decode(call.arg)?;
    top_up(state, args.canister_id, &args.amount)?;
    done()
}

/// Gives a canister cycles out of nothing.
pub fn top_up(state: &mut State, id: Principal, cycles: &Nat) -> Result<(), Rejection> {
    let cycles = amount(cycles)?;
    let canister = state.canister_mut(id)?;
    canister.cycles = canister.cycles.saturating_add(cycles);
    Ok(())
}

pub fn deposit_cycles(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: CanisterIdRecord = decode(call.arg)?;
    let canister = state.canister_mut(args.canister_id)?;
    canister.cycles = canister
        .cycles
        .saturating_add(std::mem::take(&mut call.cycles));
    done()
}

/// Creates a canister with cycles out of nothing.
pub fn create_with_cycles(
    state: &mut State,
    creator: Principal,
    settings: Option<CanisterSettings>,
    cycles: &Nat,
) -> Result<Principal, Rejection> {
    let creator = Changer {
        id: creator,
        version: None,
    };
    create(state, creator, settings, None, amount(cycles)?)
}

fn amount(cycles: &Nat) -> Result<u128, Rejection> {
    u128::try_from(cycles.0.clone()).map_err(|_| {
        Rejection::new(
            ErrorCode::InvalidManagementPayload,
            format!("{cycles} cycles do not fit in 128 bits"),
        )
    })
}

fn create(
    state: &mut State,
    creator: Changer,
    settings: Option<CanisterSettings>,
    specified_id: Option<Principal>,
    cycles: u128,
) -> Result<Principal, Rejection> {
    if state.canisters.len() >= state.limits.canisters {
        let message = format!(
            "the network has {} canisters, its limit",
            state.canisters.len()
        );
        return Err(Rejection::new(
            ErrorCode::MaxNumberOfCanistersReached,
            message,
        ));
    }
    let given = settings.unwrap_or_default();
    let settings = Settings::new(creator.id)
        .updated(&given)
        .map_err(|e| Rejection::new(ErrorCode::InvalidManagementPayload, e.to_string()))?;
    let id = match specified_id {
        Some(id) => check_specified(state, id)?,
        None => next_id(state),
    };
    let variables_hash = given
        .environment_variables
        .map(|_| settings.environment_variables_hash());
    let creation = ChangeDetails::Creation(CreationRecord {
        controllers: settings.controllers.to_vec(),
        environment_variables_hash: variables_hash.map(|hash| hash.to_vec()),
    });
    state.create_canister(id, settings, cycles);
    record(state, id, creator, creation)?;
    Ok(id)
}

fn check_specified(state: &State, id: Principal) -> Result<Principal, Rejection> {
    if id.as_slice().len() != 10 || !id.as_slice().ends_with(&[1, 1]) {
        let message =
            format!("the specified id {id} is not in this network's range of canister ids");
        return Err(Rejection::new(ErrorCode::InvalidManagementPayload, message));
    }
    if is_taken(state, id) {
        let message = format!("the specified id {id} is in use");
        return Err(Rejection::new(ErrorCode::CanisterIdAlreadyExists, message));
    }
    Ok(id)
}

fn next_id(state: &mut State) -> Principal {
    loop {
        let mut bytes = [1; 10];
        bytes[..8].copy_from_slice(&state.next_canister.to_be_bytes());
        state.next_canister += 1;
        let id = Principal::from_slice(&bytes);
        if !is_taken(state, id) {
            return id;
        }
    }
}

fn is_taken(state: &State, id: Principal) -> bool {
    state.canisters.contains_key(&id) || system_canisters::contains(id)
}
