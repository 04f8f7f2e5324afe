//! Calls to the management canister.

use candid::{CandidType, Principal};
use ic_cdk::{
    api::{
        call::{self, CallResult},
        management_canister::main::{
            self as management, CanisterIdRecord, CanisterInstallMode, CanisterStatusType,
            CreateCanisterArgument, InstallCodeArgument,
        },
    },
    update,
};

/// What a parent knows of its child.
#[derive(CandidType)]
struct Child {
    id: Principal,
    running: bool,
    cycles: candid::Nat,
    module_hash: Option<Vec<u8>>,
    notes: Vec<String>,
}

#[update]
async fn randomness() -> Vec<u8> {
    succeeded(management::raw_rand().await).0
}

/// Creates a canister of its own with `module` and some of its own cycles, and asks it for its notes.
#[update]
async fn give_birth(module: Vec<u8>, first_note: String, cycles: u128) -> Child {
    let settings = CreateCanisterArgument::default();
    let (child,) = succeeded(management::create_canister(settings, cycles).await);
    let arg = match candid::encode_one(Some(first_note)) {
        Ok(arg) => arg,
        Err(error) => ic_cdk::trap(&error.to_string()),
    };
    let installation = InstallCodeArgument {
        mode: CanisterInstallMode::Install,
        canister_id: child.canister_id,
        wasm_module: module,
        arg,
    };
    succeeded(management::install_code(installation).await);
    let (status,) = succeeded(management::canister_status(child).await);
    let (notes,) = succeeded(call::call(child.canister_id, "notes", ()).await);
    Child {
        id: child.canister_id,
        running: status.status == CanisterStatusType::Running,
        cycles: status.cycles,
        module_hash: status.module_hash,
        notes,
    }
}

/// Stops the canister and deletes it.
#[update]
async fn bury(canister_id: Principal) {
    let child = CanisterIdRecord { canister_id };
    succeeded(management::stop_canister(child).await);
    succeeded(management::delete_canister(child).await);
}

fn succeeded<T>(result: CallResult<T>) -> T {
    result.unwrap_or_else(|(code, message)| ic_cdk::trap(&format!("{code:?}: {message}")))
}
