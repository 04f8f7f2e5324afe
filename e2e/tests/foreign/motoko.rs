//! A canister written in Motoko, compiled by Motoko's own compiler: another way of calling, timing and upgrading.

use std::path::Path;

use anyhow::Result;
use candid::{Nat, Principal};
use e2e::{
    canister::{Canister, rejection},
    nodejs,
    wait::until,
};
use ic_agent::agent::RejectCode;

use crate::support::{built, deploy, network};

async fn compile() -> Result<Vec<u8>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("canisters/motoko/relay.mo");
    nodejs::run("compile-motoko.mjs", [source]).await
}

async fn count(canister: &Canister) -> Result<Nat> {
    Ok(canister.query::<(_,)>("counted", ()).await?.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_motoko_actor_counts_calls_ticks_and_is_upgraded() -> Result<()> {
    let (_, agent) = network().await?;
    let module = compile().await?;
    let actor = Canister::create(&agent, module.clone(), ()).await?;
    let listener = deploy(&agent, &built().veteran, (None::<String>,)).await?;

    let (caller,): (Principal,) = actor.update("whoami", ()).await?;
    assert_eq!(Ok(caller), agent.get_principal());
    for n in 1_u8..=3 {
        let (counted,): (Nat,) = actor.update("increment", ()).await?;
        assert_eq!(counted, n);
    }
    let trapped = rejection(actor.update::<()>("increment_and_trap", ()).await)?;
    assert_eq!(trapped.reject_code, RejectCode::CanisterError);
    assert_eq!(count(&actor).await?, 3_u8);

    let to = listener.id.to_text();
    actor.update::<()>("relay", (&to, "from Motoko")).await?;
    let (notes,): (Vec<String>,) = listener.query("notes", ()).await?;
    assert_eq!(notes, ["from Motoko"]);
    let (reason,): (String,) = actor.update("relay_failure", (&to, "no way")).await?;
    assert!(reason.contains("no way"), "{reason}");
    assert_eq!(count(&actor).await?, 4_u8);

    actor.update::<()>("tick_every", (10_000_000_u64,)).await?;
    until("three ticks", || async {
        let (ticks,): (Nat,) = actor.query("ticked", ()).await?;
        Ok((ticks >= 3_u8).then_some(()))
    })
    .await?;

    actor.upgrade(module).await?;
    assert_eq!(count(&actor).await?, 4_u8);
    let (ticks,): (Nat,) = actor.query("ticked", ()).await?;
    assert_eq!(ticks, 0_u8);
    Ok(())
}
