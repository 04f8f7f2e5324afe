//! Canisters that have begun a new queue, and those that only seem to have.

use std::time::Duration;

use crate::support::{CANISTER, Client, Gateway, connected, fake_network::FakeNetwork, until};

/// A client that has got three messages, and one whose first message is yet to come.
async fn reader_and_newcomer(gateway: &Gateway, network: &FakeNetwork) -> (Client, Client) {
    let mut reader = Client::open(gateway, 1).await;
    for n in 1..=3 {
        network.queue(gateway.principal, reader.key, n, 10);
        assert_eq!(reader.next_sequence().await, n);
    }
    let newcomer = Client::open(gateway, 2).await;
    gateway
        .until_metric("icws_gateway_calls_relayed_total", 2)
        .await;
    (reader, newcomer)
}

#[tokio::test]
async fn a_canister_that_forgot_the_queue_is_read_from_the_start() {
    let (gateway, network) =
        connected(|config| config.limits.open_message_timeout = Duration::from_millis(200)).await;
    let mut alice = Client::open(&gateway, 1).await;
    for n in 1..=5 {
        network.queue(gateway.principal, alice.key, n, 10);
        assert_eq!(alice.next_sequence().await, n);
    }

    network.forget_queue();
    let mut bob = Client::connect(&gateway, 2).await;
    network.queue(gateway.principal, bob.key, 1, 10);
    bob.send_open(CANISTER).await;
    assert_eq!(bob.next_sequence().await, 1);
    // Whoever forgot the queue has forgotten those that it was for.
    alice.expect_close(1013, "knows nothing").await;
    network.queue(gateway.principal, bob.key, 2, 10);
    assert_eq!(bob.next_sequence().await, 2);
}

#[tokio::test]
async fn a_new_queue_that_outgrew_the_old_one_is_read_from_the_start() {
    let (gateway, network) =
        connected(|config| config.limits.open_message_timeout = Duration::from_secs(3600)).await;
    let (alice, mut bob) = reader_and_newcomer(&gateway, &network).await;

    network.forget_queue();
    for n in 1..=6 {
        network.queue(gateway.principal, bob.key, n, 10);
    }
    for n in 1..=6 {
        assert_eq!(bob.next_sequence().await, n);
    }
    alice.expect_close(1013, "knows nothing").await;
}

#[tokio::test]
async fn a_first_message_that_is_nowhere_is_looked_for_once() {
    let (gateway, network) = connected(|_| {}).await;
    let (mut alice, mut bob) = reader_and_newcomer(&gateway, &network).await;
    for n in 4..=6 {
        network.queue(gateway.principal, bob.key, n, 10);
    }
    for n in 4..=6 {
        assert_eq!(bob.next_sequence().await, n);
    }
    // It is the same queue: it goes on for everybody else, with nothing repeated.
    network.queue(gateway.principal, alice.key, 4, 10);
    assert_eq!(alice.next_sequence().await, 4);
}

/// Nobody sends anything, so that nothing but the queue itself can tell.
#[tokio::test]
async fn clients_that_only_read_learn_of_a_new_queue() {
    let (gateway, network) = connected(|config| {
        config.limits.queue_check_interval = Duration::from_millis(100);
        config.limits.open_message_timeout = Duration::from_millis(100);
    })
    .await;
    let mut client = Client::open(&gateway, 1).await;
    for n in 1..=3 {
        network.queue(gateway.principal, client.key, n, 10);
        assert_eq!(client.next_sequence().await, n);
    }
    network.forget_queue();
    client.expect_close(1013, "knows nothing").await;
}

#[tokio::test]
async fn a_quiet_queue_is_not_taken_for_a_new_one() {
    let (gateway, network) = connected(|config| {
        config.limits.queue_check_interval = Duration::from_millis(20);
        config.limits.open_message_timeout = Duration::from_millis(10);
    })
    .await;
    let mut client = Client::open(&gateway, 1).await;
    network.queue(gateway.principal, client.key, 1, 10);
    assert_eq!(client.next_sequence().await, 1);
    let polls = network.polls();
    until(async || network.polls() > polls + 50).await;
    // Nothing was repeated meanwhile.
    network.queue(gateway.principal, client.key, 2, 10);
    assert_eq!(client.next_sequence().await, 2);
}
