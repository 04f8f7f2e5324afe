//! Who may call methods that are about a canister.

use candid::Principal;

use crate::{
    executor::State,
    rejection::{ErrorCode, Rejection},
};

pub fn check_controller(
    state: &State,
    canister: Principal,
    sender: Principal,
) -> Result<(), Rejection> {
    let controllers = &state.canister(canister)?.settings.controllers;
    if controllers.contains(&sender) {
        return Ok(());
    }
    Err(not_controller(canister, controllers, sender))
}

/// Like [`check_controller`], for methods that a canister may call on itself.
pub fn check_controller_or_self(
    state: &State,
    canister: Principal,
    sender: Principal,
) -> Result<(), Rejection> {
    if canister == sender {
        state.canister(canister).map(|_| ())
    } else {
        check_controller(state, canister, sender)
    }
}

/// The rejection for someone who is none of the controllers.
pub fn not_controller(
    canister: Principal,
    controllers: &[Principal],
    sender: Principal,
) -> Rejection {
    let controllers: Vec<_> = controllers.iter().map(Principal::to_text).collect();
    let controllers = controllers.join(" ");
    let message = format!(
        "Only the controllers of the canister {canister} can control it.\n\
         Canister's controllers: {controllers}\n\
         Sender's ID: {sender}"
    );
    Rejection::new(ErrorCode::CanisterInvalidController, message)
}
