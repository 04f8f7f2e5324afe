//! The published JavaScript client, unmodified, against our gateway and canister.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use candid::Principal;
use chat_api::Event;
use e2e::{person::Person, stack::Stack, wait::within_deadline};
use serde::Deserialize;
use tokio::process::Command;

const MESSAGES: usize = 20;

#[derive(Deserialize)]
struct Outcome {
    principal: Principal,
    received: Vec<String>,
    code: u16,
    reason: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_client_exchanges_messages_and_closes() -> Result<()> {
    let stack = Stack::start().await?;
    let mut witness = Person::join(&stack, "Witness").await?;

    let directory = tempfile::tempdir()?;
    let declarations = directory.path().join("chat.mjs");
    tokio::fs::write(&declarations, declarations_from_candid()?).await?;
    let client = Command::new("node")
        .arg("published-client.mjs")
        .arg(&declarations)
        .args([&stack.ic_url, &stack.gateway_url, &stack.backend.to_text()])
        .arg(MESSAGES.to_string())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("js"))
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = within_deadline("the published client", client)
        .await?
        .context("cannot run node")?;
    ensure!(
        output.status.success(),
        "the published client failed: {}",
        output.status
    );
    let outcome: Outcome = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stdout).into_owned())?;

    let sent: Vec<_> = (0..MESSAGES).map(|n| format!("message {n}")).collect();
    assert_eq!(outcome.received, sent);
    assert_eq!((outcome.code, outcome.reason.as_str()), (1000, ""));
    for text in sent {
        let message = witness.message().await?;
        assert_eq!((message.author.id, message.text), (outcome.principal, text));
    }
    let left = witness
        .chat_event("the notice that the client left", |event| match event {
            Event::Left(person) => Some(person.id),
            _ => None,
        })
        .await?;
    assert_eq!(left, outcome.principal);
    stack.stop().await
}

/// What a developer generates from the canister's Candid file to use it from JavaScript.
fn declarations_from_candid() -> Result<String> {
    let did = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backend/chat.did");
    let (types, service, _) = candid_parser::typing::pretty_check_file(&did)?;
    Ok(candid_parser::bindings::javascript::compile(
        &types, &service,
    ))
}
