//! What clients see of it when network, canister or gateway are not there for a while, and how they find each other
//! again without a person's help.

use std::time::Duration;

use anyhow::{Result, bail};
use e2e::{gateway::GatewayProcess, person::Person, stack::Stack};
use ic_localnet::faults::{Fault, Faults, Rule, TestApi};
use ic_management_canister_types::CanisterInstallMode;
use ic_ws_client::CloseReason;

/// "Try again later" (registry of WebSocket close codes).
const AGAIN: u16 = 1013;

fn gateway(change: impl FnOnce(&mut ic_ws_gateway::Limits)) -> ic_ws_gateway::Config {
    let mut config = ic_ws_gateway::Config::default();
    change(&mut config.limits);
    config
}

/// Waits until the gateway closes the connection for a reason that may pass, and checks that it says it.
async fn closed_for_now(person: &mut Person, reason: &str) -> Result<()> {
    match person.close_reason().await? {
        CloseReason::ClosedByGateway(frame) if frame.code == AGAIN => {
            assert!(frame.reason.contains(reason), "{}", frame.reason);
            Ok(())
        }
        other => bail!("closed for another reason: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_loses_anything_while_the_network_is_away() -> Result<()> {
    let state = tempfile::tempdir()?;
    let network = ic_localnet::Config {
        state_dir: Some(state.path().to_owned()),
        ..ic_localnet::Config::default()
    };
    // Longer than the network takes to come back where it is slow.
    let gateway = gateway(|limits| limits.canister_timeout = Duration::from_secs(80));
    let stack = Stack::start_with(network, gateway).await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    alice.say("before")?;
    let stack = stack
        .interrupted(async {
            // It is not known whether the network has got the first one.
            alice.say("meanwhile")?;
            bob.say("answer")?;
            Ok(())
        })
        .await?;
    alice.say("after")?;
    for person in [&mut alice, &mut bob] {
        let mut texts = vec![];
        while texts.len() < 4 {
            texts.push(person.message().await?.text);
        }
        texts.retain(|text| text != "answer");
        assert_eq!(texts, ["before", "meanwhile", "after"]);
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_canister_disturbs_its_own_clients_only() -> Result<()> {
    let gateway = gateway(|limits| limits.canister_timeout = Duration::from_secs(1));
    let stack = Stack::start_with(ic_localnet::Config::default(), gateway).await?;
    let other = stack.another_backend().await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut elsewhere = Person::join_at(other, &stack, "Elsewhere").await?;
    alice.say("before")?;
    alice.message_saying("before").await?;

    let backend = stack.controlled_backend().await?;
    backend.stop().await?;
    let unavailable = format!("canister {} is unavailable", backend.id);
    closed_for_now(&mut alice, &unavailable).await?;
    // Who tries meanwhile is told so, too.
    let mut bob = Person::connect(&stack, &stack.gateway_url)?;
    let reason = bob.close_reason().await?;
    assert!(reason.to_string().contains("stop"), "{reason}");
    elsewhere.say("not disturbed")?;
    elsewhere.message_saying("not disturbed").await?;

    backend.start().await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    alice.say("after")?;
    for person in [&mut alice, &mut bob] {
        person.message_saying("after").await?;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_reinstalled_canister_are_told() -> Result<()> {
    let gateway = gateway(|limits| {
        limits.close_message_timeout = Duration::from_millis(200);
        limits.open_message_timeout = Duration::from_secs(1);
        limits.queue_check_interval = Duration::from_secs(2);
    });
    let stack = Stack::start_with(ic_localnet::Config::default(), gateway).await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    for n in 0..5 {
        alice.say(n.to_string())?;
        bob.message_saying(n.to_string()).await?;
    }
    stack
        .install_backend(CanisterInstallMode::Reinstall)
        .await?;
    alice.say("who is there?")?;
    let reason = alice.close_reason().await?;
    // The canister inspects messages, and so need not certify that it refuses one.
    assert!(
        matches!(
            reason,
            CloseReason::Refused { .. } | CloseReason::Rejected { .. }
        ),
        "{reason}"
    );
    // The canister sends to those who come anew; the gateway notices that its queue is a new one, too.
    let mut alice = Person::join(&stack, "Alice").await?;
    closed_for_now(&mut bob, "knows nothing of the connection").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    bob.say("here")?;
    for person in [&mut alice, &mut bob] {
        person.message_saying("here").await?;
    }

    // Nobody sends anything, nor comes anew.
    stack
        .install_backend(CanisterInstallMode::Reinstall)
        .await?;
    for person in [&mut alice, &mut bob] {
        closed_for_now(person, "knows nothing of the connection").await?;
    }
    stack.stop().await
}

/// The network answers later than the gateway waits for it: each call and its outcome has to be asked for again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_answers_lose_and_double_nothing() -> Result<()> {
    const MESSAGES: usize = 2;
    let network = ic_localnet::Config {
        test_api: Some(TestApi::default()),
        ..ic_localnet::Config::default()
    };
    let gateway = gateway(|limits| limits.request_timeout = Duration::from_millis(700));
    let stack = Stack::start_with(network, gateway).await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    let by = Duration::from_secs(10);
    let late = |method: &str, fault| Rule {
        method: Some(method.to_owned()),
        ..Rule::always(fault)
    };
    stack.network().test_control()?.set_faults(Faults {
        rules: vec![
            late("ws_message", Fault::AnswerLate { by }),
            late("ws_get_messages", Fault::StaleQuery { by }),
        ],
        ..Faults::default()
    })?;
    for n in 0..MESSAGES {
        alice.say(n.to_string())?;
    }
    for person in [&mut alice, &mut bob] {
        for n in 0..MESSAGES {
            person.message_saying(n.to_string()).await?;
        }
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateway_comes_back_as_the_same() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let identity = folder.path().join("identity.pem");
    let stack = Stack::start().await?;
    // Through another gateway, as nothing of it may be lost.
    let mut witness = Person::join(&stack, "Witness").await?;
    let gateway = GatewayProcess::start(&stack.ic_url, &identity).await?;
    let mut alice = Person::join_through(&gateway.url, &stack, "Alice").await?;
    let mut bob = Person::join_through(&gateway.url, &stack, "Bob").await?;
    alice.say("before")?;
    for person in [&mut witness, &mut alice, &mut bob] {
        person.message_saying("before").await?;
    }

    gateway.kill().await?;
    for person in [&mut alice, &mut bob] {
        let reason = person.close_reason().await?;
        assert!(matches!(reason, CloseReason::Socket(_)), "{reason}");
    }
    witness.say("meanwhile")?;
    let gateway = GatewayProcess::start(&stack.ic_url, &identity).await?;
    // What is left in the queue for the lost connections disturbs nobody.
    let mut alice = Person::join_through(&gateway.url, &stack, "Alice").await?;
    let mut bob = Person::join_through(&gateway.url, &stack, "Bob").await?;
    alice.say("after")?;
    for person in [&mut alice, &mut bob] {
        person.message_saying("after").await?;
    }
    for text in ["meanwhile", "after"] {
        witness.message_saying(text).await?;
    }
    gateway.kill().await?;
    stack.stop().await
}
