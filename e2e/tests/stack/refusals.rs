//! What the network and the canister refuse, they refuse with words that say why.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use candid::{Encode, Principal};
use e2e::stack::Stack;
use ic_agent::{Agent, AgentError, Identity, identity::AnonymousIdentity};
use ic_ws_protocol::CanisterWsOpenArguments;
use reqwest::StatusCode;

fn open_arguments() -> Result<Vec<u8>> {
    Ok(Encode!(&CanisterWsOpenArguments {
        client_nonce: 1,
        gateway_principal: Principal::management_canister(),
    })?)
}

/// Posts an envelope as it is, and gives back the status and the answer's text.
async fn post(stack: &Stack, envelope: Vec<u8>) -> Result<(StatusCode, String)> {
    let url = format!("{}/api/v3/canister/{}/call", stack.ic_url, stack.backend);
    let response = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/cbor")
        .body(envelope)
        .send()
        .await?;
    Ok((
        response.status(),
        String::from_utf8_lossy(&response.bytes().await?).into_owned(),
    ))
}

/// A signed `ws_open`, valid until `expiry` from now.
async fn signed_open(stack: &Stack, arg: Vec<u8>, expiry: SystemTime) -> Result<Vec<u8>> {
    let agent = stack.agent(new_identity()?).await?;
    let signed = agent
        .update(&stack.backend, "ws_open")
        .with_arg(arg)
        .expire_at(expiry)
        .sign()?;
    Ok(signed.signed_update)
}

fn new_identity() -> Result<impl Identity + 'static> {
    Ok(ic_agent::identity::BasicIdentity::from_raw_key(
        &rand::random(),
    ))
}

fn in_four_minutes() -> SystemTime {
    SystemTime::now() + Duration::from_secs(240)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_why() -> Result<()> {
    let stack = Stack::start().await?;

    let anonymous = stack.agent(AnonymousIdentity).await?;
    let refusal = refused(&anonymous, &stack, "ws_open", open_arguments()?).await;
    assert!(refusal.contains("anonymous"), "{refusal}");

    let stranger = stack.agent(new_identity()?).await?;
    let refusal = refused(&stranger, &stack, "no_such_method", vec![]).await;
    assert!(refusal.contains("no_such_method"), "{refusal}");
    let refusal = refused(&stranger, &stack, "ws_message", vec![0; 1000]).await;
    assert!(refusal.contains("has no connection"), "{refusal}");
    let refusal = refused(&stranger, &stack, "ws_open", vec![0; 2000]).await;
    assert!(refusal.contains("2000 bytes"), "{refusal}");

    let garbage = call(&stranger, &stack, "ws_open", b"garbage".to_vec()).await;
    let garbage = garbage.unwrap_err().to_string();
    assert!(garbage.contains("ic0.trap"), "{garbage}");

    let mut envelope = signed_open(&stack, open_arguments()?, in_four_minutes()).await?;
    let (status, _) = post(&stack, envelope.clone()).await?;
    assert_eq!(status, StatusCode::OK);
    let last = envelope.len() - 1;
    envelope[last] ^= 1;
    let (status, text) = post(&stack, envelope).await?;
    assert_eq!(status, StatusCode::FORBIDDEN, "{text}");
    assert!(text.contains("signature"), "{text}");

    let envelope = signed_open(
        &stack,
        open_arguments()?,
        UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    )
    .await?;
    let (status, text) = post(&stack, envelope).await?;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    assert!(text.contains("ingress_expiry"), "{text}");

    let envelope = signed_open(&stack, vec![0; 2 * 1024 * 1024 + 1], in_four_minutes()).await?;
    let (status, text) = post(&stack, envelope).await?;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{text}");
    assert!(text.contains("bytes"), "{text}");
    stack.stop().await
}

async fn call(
    agent: &Agent,
    stack: &Stack,
    method: &str,
    arg: Vec<u8>,
) -> Result<Vec<u8>, AgentError> {
    let call = agent.update(&stack.backend, method).with_arg(arg);
    call.call_and_wait().await
}

/// Why a call was refused before it was executed: only what was executed is certified.
async fn refused(agent: &Agent, stack: &Stack, method: &str, arg: Vec<u8>) -> String {
    match call(agent, stack, method, arg).await {
        Err(AgentError::UncertifiedReject { reject, .. }) => reject.reject_message,
        executed => panic!("{method} was not refused before it was executed: {executed:?}"),
    }
}
