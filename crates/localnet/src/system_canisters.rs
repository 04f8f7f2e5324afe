//! Two canisters of the public network, as far as deployment tools need them: the cycles minting canister, which says on
//! which subnets canisters can be created, and the cycles ledger, which pays for them. Here is one subnet, and the ledger
//! keeps no accounts: it gives everyone the cycles they ask for, and takes back what they do not need. Asked for a balance,
//! it tells one that suffices for anything.

use candid::{CandidType, Empty, Nat, Principal};
use ic_management_canister_types::CanisterSettings;
use serde::Deserialize;

use crate::{
    canister::Request,
    executor::State,
    management,
    rejection::{ErrorCode, Rejection},
};

/// The cycles minting canister's id.
pub const CYCLES_MINTING: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 4, 1, 1]);
const CYCLES_LEDGER: Principal = Principal::from_slice(&[0, 0, 0, 0, 2, 0x10, 0, 2, 1, 1]);

/// Of every account, in cycles: those of a million canisters.
const BALANCE: u128 = 2_000_000_000_000_000_000;

/// Whether the id is that of a canister which this module stands in for. No other can have it.
pub fn contains(id: Principal) -> bool {
    id == CYCLES_MINTING || id == CYCLES_LEDGER
}

/// Answers a query call.
pub fn query(canister: Principal, method: &str, subnet: Principal) -> Result<Vec<u8>, Rejection> {
    match (canister, method) {
        (CYCLES_MINTING, "get_default_subnets") => management::encode(&vec![subnet]),
        (CYCLES_LEDGER, "icrc1_balance_of") => management::encode(&Nat::from(BALANCE)),
        _ => Err(unknown_method(canister, method)),
    }
}

/// Executes a call and answers it.
pub fn execute(state: &mut State, canister: Principal, request: Request) {
    let mut refund = request.cycles;
    let outcome = match (canister, request.method_name.as_str()) {
        (CYCLES_LEDGER, "create_canister") => create_canister(state, &request),
        (CYCLES_LEDGER, "withdraw") => withdraw(state, &request),
        (CYCLES_LEDGER, "deposit") => {
            refund = 0;
            management::encode(&Deposited::default())
        }
        (_, method) => query(canister, method, state.host.subnet_id),
    };
    state.respond(request.origin, outcome, refund);
}

#[derive(CandidType, Deserialize)]
struct CreateCanister {
    amount: Nat,
    creation_args: Option<CreationArgs>,
}

#[derive(CandidType, Deserialize)]
struct CreationArgs {
    subnet_selection: Option<SubnetSelection>,
    settings: Option<CanisterSettings>,
}

#[derive(CandidType, Deserialize)]
enum SubnetSelection {
    Subnet { subnet: Principal },
    Filter { subnet_type: Option<String> },
}

#[derive(CandidType)]
struct Created {
    /// There is no ledger, so there are no blocks.
    block_id: Nat,
    canister_id: Principal,
}

#[derive(CandidType)]
enum CreateError {
    FailedToCreate {
        fee_block: Option<Nat>,
        refund_block: Option<Nat>,
        error: String,
    },
}

fn create_canister(state: &mut State, request: &Request) -> Result<Vec<u8>, Rejection> {
    let args: CreateCanister = management::decode(&request.arg)?;
    let created = create(state, request.sender, args);
    management::encode(&created.map_err(|error| CreateError::FailedToCreate {
        fee_block: None,
        refund_block: None,
        error,
    }))
}

fn create(state: &mut State, creator: Principal, args: CreateCanister) -> Result<Created, String> {
    let (selection, settings) = args
        .creation_args
        .map_or((None, None), |args| (args.subnet_selection, args.settings));
    match selection {
        Some(SubnetSelection::Subnet { subnet }) if subnet != state.host.subnet_id => {
            return Err(format!("Subnet {subnet} does not exist"));
        }
        Some(SubnetSelection::Filter {
            subnet_type: Some(subnet_type),
        }) => return Err(format!("No subnet is of the type {subnet_type}")),
        _ => {}
    }
    let canister_id = management::create_with_cycles(state, creator, settings, &args.amount)
        .map_err(|e| e.message)?;
    Ok(Created {
        block_id: Nat::default(),
        canister_id,
    })
}

#[derive(CandidType, Deserialize)]
struct Withdraw {
    to: Principal,
    amount: Nat,
}

/// Where a canister that does not exist is to get cycles, the call is rejected: the ledger's own error says no more.
fn withdraw(state: &mut State, request: &Request) -> Result<Vec<u8>, Rejection> {
    let Withdraw { to, amount } = management::decode(&request.arg)?;
    management::top_up(state, to, &amount)?;
    management::encode(&Ok::<_, Empty>(Nat::default()))
}

#[derive(CandidType, Default)]
struct Deposited {
    balance: Nat,
    block_index: Nat,
}

fn unknown_method(canister: Principal, method: &str) -> Rejection {
    Rejection::new(
        ErrorCode::CanisterMethodNotFound,
        format!("this local network does not offer `{method}` of the canister {canister}"),
    )
}
