//! Changes of canisters, written down and told.

use candid::Principal;
use ic_management_canister_types::{
    CanisterInfoArgs, CanisterInfoResult, ChangeDetails, ChangeOrigin, FromCanisterRecord,
    FromUserRecord,
};

use super::{Call, Handled, decode, reply};
use crate::{executor::State, rejection::Rejection};

/// Who changes a canister.
#[derive(Clone, Copy)]
pub struct Changer {
    /// The user or canister.
    pub id: Principal,
    /// What a canister says its version is.
    pub version: Option<u64>,
}

/// Writes a change down after it was made.
pub fn record(
    state: &mut State,
    canister: Principal,
    by: Changer,
    details: ChangeDetails,
) -> Result<(), Rejection> {
    let origin = if state.canisters.contains_key(&by.id) {
        ChangeOrigin::FromCanister(FromCanisterRecord {
            canister_id: by.id,
            canister_version: by.version,
        })
    } else {
        ChangeOrigin::FromUser(FromUserRecord { user_id: by.id })
    };
    let time_ns = state.host.time_ns;
    let canister = state.canister_mut(canister)?;
    let version = canister.version;
    canister.history.record(time_ns, version, origin, details);
    Ok(())
}

pub fn canister_info(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: CanisterInfoArgs = decode(call.arg)?;
    let canister = state.canister(args.canister_id)?;
    let wanted = args.num_requested_changes.unwrap_or(0);
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let module = canister.code.as_ref().map(|code| &code.module);
    reply(&CanisterInfoResult {
        total_num_changes: canister.history.total(),
        recent_changes: canister.history.newest(wanted).cloned().collect(),
        module_hash: module.map(|module| module.hash().to_vec()),
        controllers: canister.settings.controllers.to_vec(),
    })
}
