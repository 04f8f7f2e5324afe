//! What deployment tools ask of the public network's system canisters.

use candid::{CandidType, Decode, Deserialize, Encode, Nat, Principal};
use ic_agent::Agent;
use ic_management_canister_types::{CanisterIdRecord, CanisterSettings, CanisterStatusResult};

use crate::common::{agent, create_canister, ed25519, start};

#[derive(CandidType)]
struct CreateCanister {
    from_subaccount: Option<Vec<u8>>,
    created_at_time: Option<u64>,
    amount: Nat,
    creation_args: Option<CreationArgs>,
}

#[derive(CandidType)]
struct CreationArgs {
    subnet_selection: Option<SubnetSelection>,
    settings: Option<CanisterSettings>,
}

#[derive(CandidType)]
enum SubnetSelection {
    Subnet { subnet: Principal },
}

#[derive(CandidType, Deserialize, Debug)]
struct Created {
    canister_id: Principal,
}

#[derive(CandidType, Deserialize, Debug)]
enum CreateError {
    FailedToCreate { error: String },
}

fn id(text: &str) -> Principal {
    Principal::from_text(text).unwrap()
}

async fn default_subnets(agent: &Agent) -> Vec<Principal> {
    let minting = id("rkp4c-7iaaa-aaaaa-aaaca-cai");
    let reply = agent
        .query(&minting, "get_default_subnets")
        .with_arg(Encode!().unwrap())
        .await
        .unwrap();
    Decode!(&reply, Vec<Principal>).unwrap()
}

async fn create(agent: &Agent, subnet: Principal) -> Result<Created, CreateError> {
    let arg = CreateCanister {
        from_subaccount: None,
        created_at_time: None,
        amount: 2_000_000_u32.into(),
        creation_args: Some(CreationArgs {
            subnet_selection: Some(SubnetSelection::Subnet { subnet }),
            settings: Some(CanisterSettings {
                freezing_threshold: Some(7_u8.into()),
                ..Default::default()
            }),
        }),
    };
    let reply = agent
        .update(&id("um5iw-rqaaa-aaaaq-qaaba-cai"), "create_canister")
        .with_arg(Encode!(&arg).unwrap())
        .await
        .unwrap();
    Decode!(&reply, Result<Created, CreateError>).unwrap()
}

#[tokio::test]
async fn the_cycles_ledger_creates_canisters_on_the_default_subnet_and_no_other() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let subnet = Principal::self_authenticating(localnet.root_key());
    assert_eq!(default_subnets(&agent).await, [subnet]);

    let Created { canister_id } = create(&agent, subnet).await.unwrap();
    let reply = agent
        .update(&Principal::management_canister(), "canister_status")
        .with_effective_canister_id(canister_id)
        .with_arg(Encode!(&CanisterIdRecord { canister_id }).unwrap())
        .await
        .unwrap();
    let status = Decode!(&reply, CanisterStatusResult).unwrap();
    assert_eq!(
        status.settings.controllers,
        [agent.get_principal().unwrap()]
    );
    assert_eq!(status.settings.freezing_threshold, 7_u8);
    assert_eq!(status.cycles, 2_000_000_u32);

    let elsewhere = Principal::from_slice(&[1]);
    let CreateError::FailedToCreate { error } = create(&agent, elsewhere).await.unwrap_err();
    assert!(error.contains(&elsewhere.to_text()), "{error}");
}

#[tokio::test]
async fn no_canister_takes_the_id_of_a_system_canister() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let minting = id("rkp4c-7iaaa-aaaaa-aaaca-cai");
    // The ids are made of a counter, which passes the one in question.
    for _ in 0..6 {
        assert_ne!(create_canister(&agent).await, minting);
    }
}
