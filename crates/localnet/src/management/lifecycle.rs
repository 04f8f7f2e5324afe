//! Settings, starting, stopping, deleting.

use ic_management_canister_types::{
    CanisterIdRecord, ChangeDetails, ControllersChangeRecord, UpdateSettingsArgs,
};

use super::{Call, Done, Handled, check_controller, decode, done, history::record};
use crate::{
    canister::{Message, Status, StopRequest, not_found},
    executor::State,
    rejection::{ErrorCode, Rejection},
};

pub fn update_settings(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: UpdateSettingsArgs = decode(call.arg)?;
    check_controller(state, args.canister_id, call.sender)?;
    let canister = state.canister_mut(args.canister_id)?;
    canister.settings = canister
        .settings
        .updated(&args.settings)
        .map_err(|e| Rejection::new(ErrorCode::InvalidManagementPayload, e.to_string()))?;
    canister.version += 1;
    if args.settings.controllers.is_some() {
        let controllers = canister.settings.controllers.to_vec();
        let change = ChangeDetails::ControllersChange(ControllersChangeRecord { controllers });
        let by = call.changer(args.sender_canister_version);
        record(state, args.canister_id, by, change)?;
    }
    done()
}

pub fn start_canister(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    check_controller(state, canister_id, call.sender)?;
    let canister = state.canister_mut(canister_id)?;
    let before = std::mem::replace(&mut canister.status, Status::Running);
    if before != Status::Running {
        canister.version += 1;
    }
    if let Status::Stopping(waiting) = before {
        for StopRequest { origin, cycles, .. } in waiting {
            let message = format!("Canister {canister_id} was started while it was stopping");
            let rejection = Rejection::new(ErrorCode::CanisterStoppingCancelled, message);
            state.respond(origin, Err(rejection), cycles);
        }
    }
    done()
}

pub fn stop_canister(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    check_controller(state, canister_id, call.sender)?;
    let request = StopRequest {
        origin: call.origin.clone(),
        cycles: call.cycles,
        deadline_ns: state.host.time_ns + state.limits.stop_timeout_ns,
    };
    let canister = state.canister_mut(canister_id)?;
    match &mut canister.status {
        Status::Stopped => return done(),
        Status::Stopping(waiting) => waiting.push(request),
        Status::Running => {
            canister.status = Status::Stopping(vec![request]);
            canister.version += 1;
        }
    }
    state.stop_if_done(canister_id);
    Ok(Done::Later)
}

pub fn delete_canister(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    check_controller(state, canister_id, call.sender)?;
    if state.canister(canister_id)?.status != Status::Stopped {
        let message = format!("Canister {canister_id} must be stopped before it is deleted.");
        return Err(Rejection::new(ErrorCode::CanisterNotStopped, message));
    }
    let deleted = state.delete_canister(canister_id);
    for message in deleted
        .into_iter()
        .flat_map(|canister| canister.queue.into_items())
    {
        if let Message::Request(request) = message {
            state.respond(request.origin, Err(not_found(canister_id)), request.cycles);
        }
    }
    done()
}
