//! Starting and stopping: as a library and as the command.

use std::{process::Stdio, time::Duration};

use ic_localnet::{Config, Localnet};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::common::{STORE, agent, canister, ed25519, start};

#[tokio::test]
async fn a_taken_port_is_named() {
    let localnet = start().await;
    let config = Config {
        listen: localnet.addr(),
        ..Config::default()
    };
    let error = Localnet::start(config).await.err().unwrap();
    let text = error.to_string();
    let port = localnet.addr().port();
    assert!(
        text.contains(&format!("port {port} is already in use")),
        "{text}"
    );
}

#[tokio::test]
async fn keys_and_canisters_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        state_dir: Some(dir.path().to_owned()),
        ..Config::default()
    };
    let first = Localnet::start(config.clone()).await.unwrap();
    let root_key = first.root_key();
    let client = agent(&first, ed25519(1)).await;
    let id = canister(&client, STORE).await;
    let write = client
        .update(&id, "write")
        .with_arg(b"kept")
        .call_and_wait();
    write.await.unwrap();
    first.shutdown().await.unwrap();

    let second = Localnet::start(config).await.unwrap();
    assert_eq!(second.root_key(), root_key);
    let client = agent(&second, ed25519(1)).await;
    assert_eq!(client.query(&id, "read").call().await.unwrap(), b"kept");
    second.shutdown().await.unwrap();
}

/// Starts the command, and gives back its first line.
async fn spawn(args: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ic-localnet"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(30), lines.next_line()).await;
    (child, line.unwrap().unwrap().unwrap())
}

#[tokio::test]
async fn the_command_says_what_it_is_and_stops_when_told() {
    let (mut child, line) = spawn(&["--port", "0"]).await;
    assert!(
        line.contains("Local development network at http://127.0.0.1:"),
        "{line}"
    );
    assert!(
        line.contains("one node, no consensus, no real cycles"),
        "{line}"
    );
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http"))
        .unwrap();
    let status = reqwest::get(format!("{url}/api/v2/status")).await.unwrap();
    assert!(status.status().is_success());
    let test_api = reqwest::get(format!("{url}/_/test/clock")).await.unwrap();
    assert_eq!(test_api.status(), 404);

    let pid = rustix::process::Pid::from_raw(child.id().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let exit = timeout(Duration::from_secs(30), child.wait()).await;
    assert!(exit.unwrap().unwrap().success());
}

#[tokio::test]
async fn the_command_says_that_the_test_api_is_on() {
    let (_child, line) = spawn(&["--port", "0", "--test-api"]).await;
    assert!(line.contains("the test API is on"), "{line}");
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http"))
        .unwrap();
    let clock = reqwest::get(format!("{url}/_/test/clock")).await.unwrap();
    assert!(clock.status().is_success());
}
