//! A canister built with a CDK of 2024 finds everything it relies on.

use anyhow::Result;
use candid::{CandidType, Decode, Encode, Nat, Principal};
use e2e::{
    artifact,
    canister::{Canister, rejection},
    wait::until,
};
use ic_agent::{Certificate, agent::RejectCode, hash_tree::LookupResult};
use ic_management_canister_types::{
    CanisterIdRecord, CanisterInstallMode, CanisterStatusResult, FetchCanisterLogsArgs,
    FetchCanisterLogsResult,
};
use serde::Deserialize;

use crate::support::{built, deploy, network, somebody};

#[derive(CandidType, Deserialize)]
struct Surroundings {
    caller: Principal,
    id: Principal,
    caller_is_controller: bool,
    time: u64,
    version: u64,
    instructions: u64,
    certified: bool,
}

#[derive(CandidType, Deserialize)]
struct Outcome {
    result: Result<String, (i32, String)>,
    refunded: u128,
}

#[derive(CandidType, Deserialize)]
struct Child {
    id: Principal,
    running: bool,
    cycles: Nat,
    module_hash: Option<Vec<u8>>,
    notes: Vec<String>,
}

const NO_NOTE: (Option<&str>,) = (None,);

async fn notes(canister: &Canister) -> Result<Vec<String>> {
    Ok(canister.query::<(_,)>("notes", ()).await?.0)
}

async fn wait_for_note(canister: &Canister, text: &str) -> Result<()> {
    until(&format!("the note '{text}'"), || async {
        let notes = notes(canister).await?;
        Ok(notes.iter().any(|note| note == text).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_knows_where_it_is_and_who_calls() -> Result<()> {
    let (network, agent) = network().await?;
    let stranger = network.agent(somebody()).await?;
    let canister = deploy(&agent, &built().veteran, NO_NOTE).await?;

    let (inside,): (Surroundings,) = canister.query("look_around", ()).await?;
    assert_eq!(Ok(inside.caller), agent.get_principal());
    assert_eq!(inside.id, canister.id);
    assert!(inside.caller_is_controller && inside.certified && inside.instructions > 0);

    let seen = Canister::at(canister.id, &stranger);
    let (later,): (Surroundings,) = seen.update("look_around_in_update", ()).await?;
    assert_eq!(Ok(later.caller), stranger.get_principal());
    assert!(!later.caller_is_controller && !later.certified && later.instructions > 0);
    assert!(later.time >= inside.time && later.version >= inside.version);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_takes_back_what_was_done_since_the_last_call() -> Result<()> {
    let (_, agent) = network().await?;
    let canister = deploy(&agent, &built().veteran, NO_NOTE).await?;

    let trapped = canister.update::<()>("take_note_and_trap", ("forgotten",));
    let trapped = rejection(trapped.await)?;
    assert_eq!(trapped.reject_code, RejectCode::CanisterError);
    assert!(trapped.reject_message.contains("changed my mind"));
    assert!(notes(&canister).await?.is_empty());

    let trapped = rejection(canister.update::<()>("note_call_note_trap", ()).await)?;
    assert!(trapped.reject_message.contains("after the call"));
    assert_eq!(notes(&canister).await?, ["before the call", "by the call"]);

    // The cleanup callback gives the lock back: a second time fails in the same way, and not because it is held.
    for _ in 0..2 {
        let trapped = rejection(canister.update::<()>("trap_with_lock", ()).await)?;
        assert!(trapped.reject_message.contains("trapped with the lock"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canisters_call_each_other() -> Result<()> {
    const CYCLES: u128 = 1_000_000_000;
    let (_, agent) = network().await?;
    let caller = deploy(&agent, &built().veteran, NO_NOTE).await?;
    let callee = deploy(&agent, &built().veteran, NO_NOTE).await?;
    let ask = async |callee: Principal, method: &str, cycles: u128| {
        let asked = caller.update::<(Outcome,)>("ask", (callee, method, "why", cycles));
        anyhow::Ok(asked.await?.0)
    };

    let outcome = ask(callee.id, "keep_half", CYCLES).await?;
    assert_eq!(outcome.result.unwrap(), "why: kept 500000000 of 1000000000");
    assert_eq!(outcome.refunded, CYCLES / 2);

    let code = |code: RejectCode| code as i32;
    let refused = ask(callee.id, "refuse", CYCLES).await?;
    assert_eq!(
        refused.result.unwrap_err(),
        (code(RejectCode::CanisterReject), "why".to_owned())
    );
    assert_eq!(refused.refunded, CYCLES);

    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    for (callee, method, expected, told) in [
        (callee.id, "fail", RejectCode::CanisterError, "why"),
        (callee.id, "nothing", RejectCode::CanisterError, "nothing"),
        (
            nobody,
            "fail",
            RejectCode::DestinationInvalid,
            &*nobody.to_text(),
        ),
    ] {
        let failed = ask(callee, method, CYCLES).await?;
        let (actual, message) = failed.result.unwrap_err();
        assert_eq!(actual, code(expected), "{method}: {message}");
        assert!(message.contains(told), "{method}: {message}");
        assert_eq!(failed.refunded, CYCLES, "{method}");
    }

    let (sent,): (bool,) = caller.update("tell", (callee.id, "by the way")).await?;
    assert!(sent);
    wait_for_note(&callee, "by the way").await?;

    let (answered,): (u32,) = caller.update("fan_out", (20_u32,)).await?;
    assert_eq!(answered, 20);
    let expected: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(notes(&caller).await?, expected, "in the order of the calls");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_asks_the_management_canister() -> Result<()> {
    const CYCLES: u128 = 3_000_000_000_000;
    let (_, agent) = network().await?;
    let parent = deploy(&agent, &built().veteran, NO_NOTE).await?;
    let wasm = artifact::read(&built().veteran)?;

    let (first,): (Vec<u8>,) = parent.update("randomness", ()).await?;
    let (second,): (Vec<u8>,) = parent.update("randomness", ()).await?;
    assert_eq!((first.len(), second.len()), (32, 32));
    assert_ne!(first, second);

    let born = parent.update("give_birth", (wasm, "hello", CYCLES));
    let (child,): (Child,) = born.await?;
    assert!(child.running && child.cycles > 0_u8 && child.cycles <= CYCLES);
    assert_eq!(child.notes, ["hello"]);
    let deployed = agent.read_state_canister_module_hash(parent.id).await?;
    assert_eq!(child.module_hash, Some(deployed.to_vec()));
    let controllers = agent.read_state_canister_controllers(child.id).await?;
    assert_eq!(controllers, [parent.id]);

    // Only its parent may ask for its status, or end it.
    let orphan = Canister::at(child.id, &agent);
    let id = CanisterIdRecord {
        canister_id: child.id,
    };
    let status = orphan.management::<CanisterStatusResult>("canister_status", &id);
    rejection(status.await)?;
    parent.update::<()>("bury", (child.id,)).await?;
    let gone = rejection(notes(&orphan).await)?;
    assert_eq!(gone.reject_code, RejectCode::DestinationInvalid);
    Ok(())
}

/// Waits until `canister` has counted as far; gives how far it has.
async fn at_least(canister: &Canister, method: &str, wanted: u64) -> Result<u64> {
    until(method, || async {
        let (count,): (u64,) = canister.query(method, ()).await?;
        Ok((count >= wanted).then_some(count))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_and_heartbeats_come() -> Result<()> {
    let (_, agent) = network().await?;
    let canister = deploy(&agent, &built().veteran, NO_NOTE).await?;
    let listener = deploy(&agent, &built().veteran, NO_NOTE).await?;
    at_least(&canister, "heartbeats", 3).await?;
    canister.update::<()>("start_ticking", (10_u64,)).await?;
    at_least(&canister, "ticks", 3).await?;
    canister.update::<()>("stop_ticking", ()).await?;
    let (stopped_at,): (u64,) = canister.query("ticks", ()).await?;

    canister
        .update::<()>("call_later", (20_u64, listener.id))
        .await?;
    wait_for_note(&listener, "32 random bytes").await?;
    canister.update::<()>("trap_later", ()).await?;
    wait_for_note(&canister, "by the other timer").await?;
    assert_eq!(notes(&canister).await?, ["by the other timer"]);

    let (ticks,): (u64,) = canister.query("ticks", ()).await?;
    assert_eq!(ticks, stopped_at);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_keeps_what_was_saved() -> Result<()> {
    let (_, agent) = network().await?;
    let canister = deploy(&agent, &built().veteran, (Some("first"),)).await?;
    let wasm = artifact::read(&built().veteran)?;
    let upgrade = || canister.upgrade(wasm.clone());
    canister.update::<()>("take_note", ("second",)).await?;
    canister.update::<()>("start_ticking", (10_u64,)).await?;
    let counted = at_least(&canister, "ticks", 1).await?;
    upgrade().await?;
    assert_eq!(notes(&canister).await?, ["first", "second"]);

    // A timer does not survive, what it counted does.
    let (ticks,): (u64,) = canister.query("ticks", ()).await?;
    assert!(ticks >= counted, "{ticks} of {counted}");
    canister.update::<()>("trap_later", ()).await?;
    wait_for_note(&canister, "by the other timer").await?;
    let later = (50_u64, canister.id);
    canister.update::<()>("call_later", later).await?;
    wait_for_note(&canister, "32 random bytes").await?;
    assert_eq!(canister.query::<(u64,)>("ticks", ()).await?, (ticks,));

    // A trap before the upgrade leaves everything as it was.
    canister
        .update::<()>("take_note", ("do not upgrade",))
        .await?;
    let refused = rejection(upgrade().await)?;
    assert!(refused.reject_message.contains("asked not to upgrade"));
    let timers = ["by the other timer", "32 random bytes"];
    let expected = [&["first", "second"], &timers[..], &["do not upgrade"]].concat();
    assert_eq!(notes(&canister).await?, expected);

    let mode = CanisterInstallMode::Reinstall;
    canister
        .install(mode, wasm, Encode!(&None::<String>)?)
        .await?;
    assert!(notes(&canister).await?.is_empty());

    let args = FetchCanisterLogsArgs {
        canister_id: canister.id,
        filter: None,
    };
    let logs = agent
        .query(&Principal::management_canister(), "fetch_canister_logs")
        .with_effective_canister_id(canister.id)
        .with_arg(Encode!(&args)?)
        .await?;
    let logs = Decode!(&logs, FetchCanisterLogsResult)?;
    let lines: Vec<_> = logs
        .canister_log_records
        .iter()
        .map(|record| String::from_utf8_lossy(&record.content))
        .collect();
    let said = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(said("installed") && said("a timer traps"), "{lines:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_looks_at_messages_before_they_are_taken() -> Result<()> {
    let (_, agent) = network().await?;
    let canister = deploy(&agent, &built().veteran, NO_NOTE).await?;
    let refused = rejection(canister.update::<()>("internal_note", ("hello",)).await)?;
    assert_eq!(refused.reject_code, RejectCode::CanisterReject);
    assert_eq!(refused.error_code.as_deref(), Some("IC0406"));
    assert!(notes(&canister).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stable_memory_and_certified_data_hold_what_is_written() -> Result<()> {
    const PAGE: u64 = 65536;
    let (_, agent) = network().await?;
    let canister = deploy(&agent, &built().veteran, NO_NOTE).await?;
    // Across a page boundary, and beyond what the calls with 32 bits reach.
    for (offset, pages) in [(3 * PAGE - 2, 4), (65536 * PAGE + 7, 65537)] {
        let written = canister.update::<(u64,)>("write_stable", (offset, b"stable".to_vec()));
        assert_eq!(written.await?, (pages,));
        let (read,): (Vec<u8>,) = canister.query("read_stable", (offset, 6_u64)).await?;
        assert_eq!(read, b"stable");
    }
    let beyond = canister.query::<(Vec<u8>,)>("read_stable", (65537 * PAGE - 1, 2_u64));
    assert_eq!(
        rejection(beyond.await)?.reject_code,
        RejectCode::CanisterError
    );
    let too_large = canister.query::<(Vec<u8>,)>("read_stable_32", (0_u32, 1_u32));
    assert_eq!(
        rejection(too_large.await)?.reject_code,
        RejectCode::CanisterError
    );

    let data = [7_u8; 32];
    canister.update::<()>("certify", (data.to_vec(),)).await?;
    let (certificate,): (Option<Vec<u8>>,) = canister.query("certificate", ()).await?;
    let certificate: Certificate = serde_cbor::from_slice(&certificate.unwrap())?;
    agent.verify(&certificate, canister.id)?;
    let path = [
        b"canister".as_slice(),
        canister.id.as_slice(),
        b"certified_data",
    ];
    let certified = certificate.tree.lookup_path(path);
    assert_eq!(certified, LookupResult::Found(&data));
    Ok(())
}
