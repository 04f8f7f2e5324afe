//! Which calls of users are received at all: what can only fail is refused before it becomes part of the state.

use std::sync::Arc;

use candid::{CandidType, Principal};
use serde::Deserialize;

use super::{access::not_controller, decode, unknown_method};
use crate::{
    canister::CanisterView,
    network::CanisterCall,
    rejection::{ErrorCode, Rejection},
};

#[derive(CandidType, Deserialize)]
struct AboutCanister {
    canister_id: Principal,
}

#[derive(CandidType, Deserialize)]
struct AboutTarget {
    target_canister: Principal,
}

/// The canister that a call is about.
pub fn canister_in_question(method: &str, arg: &[u8]) -> Result<Principal, Rejection> {
    if method == "install_chunked_code" {
        decode(arg).map(|about: AboutTarget| about.target_canister)
    } else {
        decode(arg).map(|about: AboutCanister| about.canister_id)
    }
}

/// Checks that a user may make the call, on the canisters that `find` finds. Executing it checks again: much can happen
/// before.
pub fn check_acceptable(
    call: &CanisterCall,
    find: impl Fn(Principal) -> Result<Arc<CanisterView>, Rejection>,
) -> Result<(), Rejection> {
    let method = call.method_name.as_str();
    let refused = |message| Err(Rejection::new(ErrorCode::CanisterRejectedMessage, message));
    match method {
        "provisional_create_canister_with_cycles" | "provisional_top_up_canister" => Ok(()),
        "canister_status"
        | "clear_chunk_store"
        | "delete_canister"
        | "delete_canister_snapshot"
        | "install_chunked_code"
        | "install_code"
        | "list_canister_snapshots"
        | "load_canister_snapshot"
        | "start_canister"
        | "stop_canister"
        | "stored_chunks"
        | "take_canister_snapshot"
        | "uninstall_code"
        | "update_settings"
        | "upload_chunk" => {
            let id = canister_in_question(method, &call.arg)?;
            let settings = &find(id)?.settings;
            if settings.controllers.contains(&call.sender)
                || method == "canister_status" && settings.may_read_status(call.sender)
                || method == "list_canister_snapshots" && settings.may_list_snapshots(call.sender)
            {
                return Ok(());
            }
            Err(not_controller(id, &settings.controllers, call.sender))
        }
        "fetch_canister_logs" => refused(format!(
            "{method} API is not accessible via ingress in replicated mode"
        )),
        "canister_info" | "canister_metadata" | "create_canister" | "deposit_cycles"
        | "raw_rand" => refused(format!("Only canisters can call ic00 method {method}")),
        _ => Err(unknown_method(method)),
    }
}
