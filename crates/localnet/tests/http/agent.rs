//! `ic-agent`, unmodified and with its default settings.

use std::sync::Arc;

use candid::Principal;
use ic_agent::{
    AgentError,
    agent::{RejectCode, RejectResponse},
    identity::AnonymousIdentity,
};
use sha2::{Digest, Sha256};

use crate::common::{
    STORE, agent, canister, create_canister, delegated, ed25519, prime256v1, secp256k1, start,
};

fn rejection(result: Result<Vec<u8>, AgentError>) -> RejectResponse {
    match result.unwrap_err() {
        AgentError::CertifiedReject { reject, .. }
        | AgentError::UncertifiedReject { reject, .. } => reject,
        other => panic!("not a rejection: {other}"),
    }
}

#[tokio::test]
async fn every_kind_of_identity_creates_installs_updates_and_queries() {
    let localnet = start().await;
    let owner = ed25519(1);
    let identities = [
        ed25519(1),
        prime256v1(),
        secp256k1(),
        delegated(&*owner, None),
        Arc::new(AnonymousIdentity),
    ];
    for identity in identities {
        let agent = agent(&localnet, identity.clone()).await;
        let id = canister(&agent, STORE).await;
        let reply = agent
            .update(&id, "write")
            .with_arg(b"hello")
            .call_and_wait();
        assert_eq!(reply.await.unwrap(), b"");
        assert_eq!(agent.query(&id, "read").call().await.unwrap(), b"hello");
        let caller = agent.query(&id, "whoami").call().await.unwrap();
        assert_eq!(Principal::from_slice(&caller), identity.sender().unwrap());
    }
    localnet.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_state_tree_says_what_runs() {
    let localnet = start().await;
    let owner = agent(&localnet, ed25519(1)).await;
    let stranger = agent(&localnet, ed25519(2)).await;
    let id = canister(&owner, STORE).await;

    let wasm = wat::parse_str(STORE).unwrap();
    let module_hash = stranger.read_state_canister_module_hash(id).await.unwrap();
    let expected: [u8; 32] = Sha256::digest(&wasm).into();
    assert_eq!(module_hash, expected);
    let controllers = stranger.read_state_canister_controllers(id).await.unwrap();
    assert_eq!(controllers, [owner.get_principal().unwrap()]);

    let public = stranger.read_state_canister_metadata(id, "candid:service");
    assert_eq!(public.await.unwrap(), b"service : {}");
    let private = owner.read_state_canister_metadata(id, "secret").await;
    assert_eq!(private.unwrap(), b"for controllers");
    let error = stranger
        .read_state_canister_metadata(id, "secret")
        .await
        .unwrap_err();
    let AgentError::HttpError(error) = error else {
        panic!("not refused: {error}");
    };
    assert_eq!(error.status, 403);
    let error = stranger
        .read_state_canister_metadata(id, "nothing")
        .await
        .unwrap_err();
    assert!(matches!(error, AgentError::LookupPathAbsent(_)), "{error}");

    // An empty canister has no module.
    let empty = create_canister(&owner).await;
    let error = owner
        .read_state_canister_module_hash(empty)
        .await
        .unwrap_err();
    assert!(matches!(error, AgentError::LookupPathAbsent(_)), "{error}");
}

#[tokio::test]
async fn the_network_describes_itself() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let status = agent.status().await.unwrap();
    assert_eq!(status.replica_health_status.as_deref(), Some("healthy"));
    assert_eq!(status.root_key, Some(localnet.root_key()));

    let id = create_canister(&agent).await;
    let subnet_id = Principal::self_authenticating(localnet.root_key());
    let by_canister = agent.fetch_subnet_by_canister(&id).await.unwrap();
    let by_id = agent.fetch_subnet_by_id(&subnet_id).await.unwrap();
    for subnet in [by_canister, by_id] {
        assert_eq!(subnet.id(), subnet_id);
        assert!(subnet.contains_canister(&id));
    }
}

#[tokio::test]
async fn what_fails_says_why() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let id = canister(&agent, STORE).await;

    let unknown_method = rejection(agent.update(&id, "nothing").call_and_wait().await);
    assert_eq!(unknown_method.error_code.as_deref(), Some("IC0536"));
    assert!(unknown_method.reject_message.contains("nothing"));
    let unknown_method = rejection(agent.query(&id, "nothing").call().await);
    assert_eq!(unknown_method.error_code.as_deref(), Some("IC0536"));

    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    for unknown_canister in [
        rejection(agent.update(&nobody, "write").call_and_wait().await),
        rejection(agent.query(&nobody, "read").call().await),
    ] {
        assert_eq!(unknown_canister.reject_code, RejectCode::DestinationInvalid);
        assert_eq!(unknown_canister.error_code.as_deref(), Some("IC0301"));
        assert!(unknown_canister.reject_message.contains(&nobody.to_text()));
    }

    let trap = rejection(agent.query(&id, "trap").call().await);
    assert_eq!(trap.reject_code, RejectCode::CanisterError);
    assert!(trap.reject_message.contains("on purpose"), "{trap:?}");
}

#[tokio::test]
async fn a_trap_takes_back_what_was_written() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let id = canister(&agent, STORE).await;
    let write = |method: &str, arg: &[u8]| agent.update(&id, method).with_arg(arg).call_and_wait();
    write("write", b"before").await.unwrap();
    let trap = rejection(write("write_and_trap", b"after").await);
    assert_eq!(trap.reject_code, RejectCode::CanisterError);
    assert!(trap.reject_message.contains("on purpose"), "{trap:?}");
    assert_eq!(agent.query(&id, "read").call().await.unwrap(), b"before");
}

#[tokio::test]
async fn a_delegation_reaches_its_targets_only() {
    let localnet = start().await;
    let owner = ed25519(1);
    let owner_agent = agent(&localnet, owner.clone()).await;
    let id = canister(&owner_agent, STORE).await;
    let other = canister(&owner_agent, STORE).await;
    let session = agent(&localnet, delegated(&*owner, Some(vec![id]))).await;
    session
        .update(&id, "write")
        .with_arg(b"x")
        .call_and_wait()
        .await
        .unwrap();
    let error = session.query(&other, "read").call().await.unwrap_err();
    let AgentError::HttpError(error) = error else {
        panic!("not refused: {error}");
    };
    assert_eq!(error.status, 403);
    assert!(String::from_utf8_lossy(&error.content).contains("targets"));
}

#[tokio::test]
async fn many_clients_at_once() {
    let localnet = start().await;
    let owner = agent(&localnet, ed25519(1)).await;
    let id = canister(&owner, STORE).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let agent = agent(&localnet, ed25519(n + 10)).await;
        tasks.spawn(async move {
            let reply = agent.update(&id, "write").with_arg([n; 5]).call_and_wait();
            reply.await.unwrap();
            agent.query(&id, "read").call().await.unwrap()
        });
    }
    while let Some(read) = tasks.join_next().await {
        let read = read.unwrap();
        assert_eq!(read, [read[0]; 5], "one write at a time, each as a whole");
    }
}
