//! Everything that can be sent to the network, and much that should not be: whatever comes, it answers with a status
//! and a reason, keeps its memory bounded and goes on.
//!
//! `FUZZ_SECONDS` says how long to go on (10), `FUZZ_SEED` where the chances begin (0).

#![cfg(test)]

mod canister;
mod mutate;
mod network;
mod requests;

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;

use network::Network;
use requests::{Request, Seeds};

/// How old the requests get that are spoilt: they expire, and the clock that they expire by is moved, too.
const MAX_AGE: Duration = Duration::from_secs(1);
/// Clients at once.
const CLIENTS: u64 = 8;
/// More than the shared memory of all bodies, and what it takes to decode some of them at once.
const MAX_PEAK_MIB: u64 = 768;

fn from_env(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_the_network_answers_and_goes_on() {
    let network = Arc::new(Network::start().await);
    let mut seeds = Seeds::new(&network).await;
    let until = Instant::now() + Duration::from_secs(from_env("FUZZ_SECONDS", 10));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (network, mut seeds) = (network.clone(), seeds.clone());
        let mut rng = StdRng::seed_from_u64(from_env("FUZZ_SEED", 0) * CLIENTS + client);
        clients.spawn(async move {
            let mut sent = 0;
            let mut renewed = Instant::now();
            while Instant::now() < until {
                if renewed.elapsed() > MAX_AGE {
                    seeds.renew(&network).await;
                    renewed = Instant::now();
                }
                if rng.random_ratio(1, 20) {
                    network.send_garbage(mutate::http(&mut rng)).await;
                } else {
                    network.check_answer(seeds.mutated(&mut rng)).await;
                }
                sent += 1;
            }
            sent
        });
    }
    let sent: u64 = clients.join_all().await.into_iter().sum();
    println!("{sent} requests, at most {} MiB", network.peak_mib());
    assert!(sent > 100, "only {sent} requests in all that time");
    network.check_alive(&mut seeds).await;
    assert!(network.peak_mib() < MAX_PEAK_MIB, "{}", network.peak_mib());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_items_at_once_take_no_more_memory_than_there_is() {
    let network = Arc::new(Network::start().await);
    let mut seeds = Seeds::new(&network).await;
    // A sequence of two million empty sequences, where paths are expected; announced truly, too low and too high.
    let length = 2_000_000_u32;
    let mut clients = JoinSet::new();
    for announced in [length, 1, u32::MAX].repeat(4) {
        let body = [
            b"\xa1\x67content\xa1\x65paths\x9a".as_slice(),
            &announced.to_be_bytes(),
            &vec![0x80; length as usize],
        ]
        .concat();
        let request = Request::post(seeds.read_state_path(), body);
        let network = network.clone();
        clients.spawn(async move { network.check_answer(request).await });
    }
    for status in clients.join_all().await {
        assert!([400, 503].contains(&status), "{status}");
    }
    println!("at most {} MiB", network.peak_mib());
    network.check_alive(&mut seeds).await;
    assert!(network.peak_mib() < MAX_PEAK_MIB, "{}", network.peak_mib());
}
