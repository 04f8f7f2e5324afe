//! What survives a restart.

use std::time::Duration;

use crate::support::{STATEFUL, TestNet, call, eventually, timer, user};

#[tokio::test]
async fn state_requests_and_ids_survive() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(STATEFUL).await;
    let request = net
        .submit(call(user(), canister, "set", [5]))
        .await
        .unwrap();
    net.outcome(request).await.unwrap();
    let root_key = net.network.keys().root_public_key_der();
    net.network.shutdown().await.unwrap();
    assert!(
        net.submit(call(user(), canister, "set", [6]))
            .await
            .is_err()
    );
    drop(net);

    for _ in 0..2 {
        let net = TestNet::in_dir(dir.path());
        assert_eq!(net.network.keys().root_public_key_der(), root_key);
        assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
        assert_eq!(net.outcome(request).await.unwrap(), [5, 5, 5]);
        net.network.shutdown().await.unwrap();
    }

    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.call(canister, "set", [7]).await.unwrap(), [7, 7, 7]);
    assert_ne!(net.create().await, canister);
}

#[tokio::test]
async fn a_timer_that_was_set_before_fires_after() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(&timer(300_000_000, 1)).await;
    net.network.shutdown().await.unwrap();
    drop(net);
    let net = TestNet::in_dir(dir.path());
    eventually(async || net.query(canister, "fired", []).await.unwrap() == [1]).await;
}

#[tokio::test]
async fn the_old_checkpoint_counts_until_the_new_one_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let net = TestNet::in_dir(dir.path());
    let canister = net.deploy(STATEFUL).await;
    net.call(canister, "set", [5]).await.unwrap();
    net.network.shutdown().await.unwrap();
    // What an interrupted later checkpoint leaves behind.
    std::fs::create_dir(dir.path().join("checkpoint-2")).unwrap();
    std::fs::write(dir.path().join("checkpoint-2/state.cbor"), b"half").unwrap();
    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
    net.network.shutdown().await.unwrap();
    let net = TestNet::in_dir(dir.path());
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [5, 5, 5]);
}

#[tokio::test]
async fn a_call_known_by_its_id_is_executed_once() {
    let net = TestNet::new();
    let canister = net.deploy(STATEFUL).await;
    let id = net
        .submit(call(user(), canister, "set", [1]))
        .await
        .unwrap();
    net.outcome(id).await.unwrap();
    net.call(canister, "set", [2]).await.unwrap();
    net.network
        .submit(id, call(user(), canister, "set", [1]))
        .await
        .unwrap();
    assert!(
        net.network
            .outcome(&id, Duration::from_secs(60))
            .await
            .is_some()
    );
    assert_eq!(net.query(canister, "get", []).await.unwrap(), [2, 2, 2]);
}
