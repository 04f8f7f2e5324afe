//! The management canister `aaaaa-aa`: creates, installs, configures and inspects canisters.

mod access;
mod chunks;
mod create;
mod history;
mod ingress;
mod inspect;
mod install;
mod lifecycle;
mod snapshots;

use candid::{CandidType, Encode, Principal};
use serde::de::DeserializeOwned;

pub use create::{create_with_cycles, top_up};
pub use ingress::{canister_in_question, check_acceptable};
pub use inspect::{query_logs, query_status};

use self::{
    access::{check_controller, check_controller_or_self},
    history::Changer,
};
use crate::{
    bounded_candid,
    canister::{Origin, Request},
    executor::State,
    rejection::{ErrorCode, Rejection},
};

/// A call while it is worked on.
struct Call<'a> {
    origin: &'a Origin,
    sender: Principal,
    arg: &'a [u8],
    /// Cycles that came along and are not taken.
    cycles: u128,
}

impl Call<'_> {
    /// Who changes what the call changes; a canister may say what its version is.
    fn changer(&self, version: Option<u64>) -> Changer {
        Changer {
            id: self.sender,
            version,
        }
    }
}

/// What became of a call that was not refused.
enum Done {
    /// It is answered.
    Reply(Vec<u8>),
    /// It will be answered later, by someone who has taken a copy of the origin.
    Later,
}

type Handled = Result<Done, Rejection>;

/// Methods of the specification that take what a local network does not have.
const NOT_OFFERED: &[&str] = &[
    "bitcoin_get_balance",
    "bitcoin_get_block_headers",
    "bitcoin_get_current_fee_percentiles",
    "bitcoin_get_utxos",
    "bitcoin_send_transaction",
    "canister_metrics",
    "ecdsa_public_key",
    "flexible_http_request",
    "http_request",
    "list_canisters",
    "node_metrics_history",
    "read_canister_snapshot_data",
    "read_canister_snapshot_metadata",
    "rename_canister",
    "schnorr_public_key",
    "sign_with_ecdsa",
    "sign_with_schnorr",
    "subnet_info",
    "subnet_metrics",
    "upload_canister_snapshot_data",
    "upload_canister_snapshot_metadata",
    "vetkd_derive_key",
    "vetkd_public_key",
];

/// Executes a call and answers it. That a user's call came in the name of the canister it is about is checked before it
/// is received.
pub fn execute(state: &mut State, request: Request) {
    let mut call = Call {
        origin: &request.origin,
        sender: request.sender,
        arg: &request.arg,
        cycles: request.cycles,
    };
    let handled = dispatch(state, &request.method_name, &mut call);
    let refund = call.cycles;
    match handled {
        Ok(Done::Later) => {}
        Ok(Done::Reply(reply)) => state.respond(request.origin, Ok(reply), refund),
        Err(rejection) => state.respond(request.origin, Err(rejection), refund),
    }
}

fn dispatch(state: &mut State, method: &str, call: &mut Call<'_>) -> Handled {
    match method {
        "create_canister" => create::create_canister(state, call),
        "provisional_create_canister_with_cycles" => {
            create::provisional_create_canister_with_cycles(state, call)
        }
        "provisional_top_up_canister" => create::provisional_top_up_canister(state, call),
        "deposit_cycles" => create::deposit_cycles(state, call),
        "install_code" => install::install_code(state, call),
        "install_chunked_code" => install::install_chunked_code(state, call),
        "uninstall_code" => install::uninstall_code(state, call),
        "upload_chunk" => chunks::upload_chunk(state, call),
        "stored_chunks" => chunks::stored_chunks(state, call),
        "clear_chunk_store" => chunks::clear_chunk_store(state, call),
        "update_settings" => lifecycle::update_settings(state, call),
        "start_canister" => lifecycle::start_canister(state, call),
        "stop_canister" => lifecycle::stop_canister(state, call),
        "delete_canister" => lifecycle::delete_canister(state, call),
        "take_canister_snapshot" => snapshots::take_canister_snapshot(state, call),
        "load_canister_snapshot" => snapshots::load_canister_snapshot(state, call),
        "list_canister_snapshots" => snapshots::list_canister_snapshots(state, call),
        "delete_canister_snapshot" => snapshots::delete_canister_snapshot(state, call),
        "canister_status" => inspect::canister_status(state, call),
        "canister_info" => history::canister_info(state, call),
        "canister_metadata" => inspect::canister_metadata(state, call),
        "fetch_canister_logs" => inspect::fetch_canister_logs(state, call),
        "raw_rand" => raw_rand(),
        _ => Err(unknown_method(method)),
    }
}

/// The rejection for a method that does not exist, or not on this network.
pub fn unknown_method(method: &str) -> Rejection {
    let message = if NOT_OFFERED.contains(&method) {
        format!("this local network does not offer the management canister's `{method}`")
    } else {
        format!("Management canister has no method '{method}'")
    };
    Rejection::new(ErrorCode::UnknownManagementMessage, message)
}

fn raw_rand() -> Handled {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| {
        Rejection::new(
            ErrorCode::CertifiedStateUnavailable,
            format!("no randomness: {e}"),
        )
    })?;
    reply(&serde_bytes::Bytes::new(&bytes))
}

/// Reads a method's only argument.
pub fn decode<T: CandidType + DeserializeOwned>(arg: &[u8]) -> Result<T, Rejection> {
    bounded_candid::decode(arg).map_err(|e| {
        Rejection::new(
            ErrorCode::InvalidManagementPayload,
            format!("Error decoding candid: {e:#}"),
        )
    })
}

/// Writes a method's only result.
pub fn encode<T: CandidType>(value: &T) -> Result<Vec<u8>, Rejection> {
    Encode!(value).map_err(|e| {
        Rejection::new(
            ErrorCode::InvalidManagementPayload,
            format!("Error encoding candid: {e}"),
        )
    })
}

fn reply<T: CandidType>(value: &T) -> Handled {
    Ok(Done::Reply(encode(value)?))
}

/// The reply of methods without results.
pub fn empty_reply() -> Vec<u8> {
    b"DIDL\0\0".to_vec()
}

fn done() -> Handled {
    Ok(Done::Reply(empty_reply()))
}
