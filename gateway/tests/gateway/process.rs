//! The gateway as an operator runs it: a process with flags, a file and signals.

use std::{
    fs, net::SocketAddr, ops::Range, os::unix::process::ExitStatusExt, path::Path, process::Stdio,
};

use crate::support::{
    CANISTER, Client,
    fake_network::FakeNetwork,
    scene::{masked_header, web_socket},
    until, within,
};
use futures::{
    StreamExt,
    future::{join_all, ready},
    stream,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy, sink},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
};

struct Process {
    child: Child,
    address: SocketAddr,
    _directory: TempDir,
}

fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ic-ws-gateway"));
    command
        .current_dir(directory)
        .env("RUST_LOG", "info")
        .args(args)
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Reads to the first line that has `part` in it.
async fn line_with(log: &mut BufReader<ChildStderr>, part: &str) -> String {
    let mut line = String::new();
    within(async {
        while !line.contains(part) {
            line.clear();
            assert!(log.read_line(&mut line).await.unwrap() > 0, "it has ended");
        }
    })
    .await;
    line
}

impl Process {
    /// Runs it in an empty directory until it says where it listens.
    async fn start(directory: TempDir, args: &[&str]) -> Self {
        let mut child = command(directory.path(), args).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let started = line_with(&mut log, " address=").await;
        let (_, address) = started.split_once(" address=").unwrap();
        let address = address.split_whitespace().next().unwrap().parse().unwrap();
        tokio::spawn(async move { copy(&mut log, &mut sink()).await });
        Self {
            child,
            address,
            _directory: directory,
        }
    }

    async fn on(network: &FakeNetwork, more: &[&str]) -> Self {
        let url = network.url.as_str();
        let args = [
            &["--gateway-address=127.0.0.1:0", "--ic-network-url", url],
            more,
        ];
        Self::start(TempDir::new().unwrap(), &args.concat()).await
    }

    /// Clients that have called `ws_open`, with these nonces.
    async fn clients(&self, nonces: Range<u64>) -> Vec<Client> {
        let open = async |nonce| {
            let mut client = Client::connect_to(self.address, nonce).await;
            client.send_open(CANISTER).await;
            client
        };
        stream::iter(nonces)
            .map(open)
            .buffer_unordered(20)
            .collect()
            .await
    }

    /// How many calls were accepted.
    async fn accepted(&self) -> u64 {
        self.metric("calls_decided_total{outcome=\"accepted\"} ")
            .await
    }

    async fn metric(&self, name: &str) -> u64 {
        let url = format!("http://{}/metrics", self.address);
        let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
        let mut ours = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("icws_gateway_"));
        let value = ours.find_map(|line| line.strip_prefix(name));
        value.map_or(0, |value| value.parse().unwrap())
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }
}

/// As in the published gateway's compose file, where variables may be empty.
#[tokio::test]
async fn it_starts_with_the_published_command_line() {
    let directory = TempDir::new().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let live = directory.path().join("data/certs/live/localhost");
    fs::create_dir_all(&live).unwrap();
    fs::write(live.join("fullchain.pem"), certified.cert.pem()).unwrap();
    fs::write(
        live.join("privkey.pem"),
        certified.signing_key.serialize_pem(),
    )
    .unwrap();
    let process = Process::start(
        directory,
        &[
            "--gateway-address",
            "127.0.0.1:0",
            "--ic-network-url",
            "http://127.0.0.1:4943",
            "--polling-interval",
            "100",
            "--prometheus-endpoint",
            "127.0.0.1:0",
            "--tls-certificate-pem-path",
            "data/certs/live/localhost/fullchain.pem",
            "--tls-certificate-key-pem-path",
            "data/certs/live/localhost/privkey.pem",
            "--opentelemetry-collector-endpoint",
            "",
        ],
    )
    .await;
    assert_ne!(process.address.port(), 0);
}

#[tokio::test]
async fn a_setting_that_is_wrong_keeps_it_from_starting() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("gateway.toml"), "max-conections = 10").unwrap();
    let mut child = command(directory.path(), &["--config=gateway.toml"])
        .spawn()
        .unwrap();
    let mut text = String::new();
    let mut stderr = child.stderr.take().unwrap();
    within(stderr.read_to_string(&mut text)).await.unwrap();
    assert_eq!(within(child.wait()).await.unwrap().code(), Some(2));
    for part in ["gateway.toml", "--max-conections", "--max-connections"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn why_the_network_does_not_answer_is_logged() {
    let directory = TempDir::new().unwrap();
    // Nobody listens at port 1.
    let args = [
        "--gateway-address=127.0.0.1:0",
        "--ic-network-url=http://127.0.0.1:1",
    ];
    let mut child = command(directory.path(), &args).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let line = line_with(&mut log, "the network does not answer").await;
    assert!(line.contains("Connection refused"), "{line}");
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    const CLIENTS: u64 = 300;
    let network = FakeNetwork::start().await;
    let mut process = Process::on(&network, &["--max-pending-closes=20"]).await;
    let clients = process.clients(0..CLIENTS).await;
    until(async || network.accepted("ws_open").len() as u64 == CLIENTS).await;

    let pid = Pid::from_raw(process.pid() as i32).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let (_, status) = tokio::join!(
        join_all(
            clients
                .into_iter()
                .map(|client| client.expect_close(1012, "restarts")),
        ),
        within(process.child.wait()),
    );
    let status = status.unwrap();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    assert_eq!(network.accepted("ws_close").len() as u64, CLIENTS);
}

/// In KiB.
#[cfg(target_os = "linux")]
fn resident(pid: u32) -> u64 {
    status(pid, "VmRSS:")
}

#[cfg(target_os = "linux")]
fn status(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// In KiB, at its most so far.
#[cfg(target_os = "linux")]
fn peak(pid: u32) -> u64 {
    status(pid, "VmHWM:")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_idle_client_costs_little_memory() {
    const FIRST: u64 = 100;
    const CLIENTS: u64 = 500;
    let network = FakeNetwork::start().await;
    let process = Process::on(&network, &["--max-connections-per-address=5000"]).await;
    // Few opens at a time: what they take while under way is no idle client's.
    let open = async |nonces: Range<u64>| {
        let mut clients = vec![];
        for first in nonces.step_by(10) {
            clients.extend(process.clients(first..first + 10).await);
            until(async || process.accepted().await == first + 10).await;
        }
        clients
    };
    // What is needed once for all.
    let _first = open(0..FIRST).await;
    let before = resident(process.pid());
    let _clients = open(FIRST..FIRST + CLIENTS).await;
    let each = resident(process.pid()).saturating_sub(before) / CLIENTS;
    assert!(each <= 20, "{each} KiB");
}

/// What is beyond the limits is refused before it costs memory, and a client that does nothing wrong notices nothing.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn attacks_cost_little_memory() {
    const CONNECTIONS: usize = 10_000;
    const MIB: usize = 1024 * 1024;
    let network = FakeNetwork::start().await;
    let flags = [
        "--max-connections-per-address=100",
        "--max-total-incoming-bytes=8388608",
        "--polling-interval=10",
        // The silent stay.
        "--handshake-timeout=3600000",
    ];
    let process = Process::on(&network, &flags).await;
    let mut honest = process.clients(1..2).await.remove(0);
    let principal = honest.gateway;
    let mut sequence = 0;
    let mut expect_served = async || {
        sequence += 1;
        network.queue(principal, honest.key, sequence, 10);
        assert_eq!(honest.next_sequence().await, sequence);
    };
    expect_served().await;
    let before = peak(process.pid());
    let connect = async || TcpStream::connect(process.address).await.unwrap();

    // All places of the address are taken by connections that say nothing. None comes free, or one more would wait.
    let silent = join_all((0..100).map(async |_| connect().await)).await;
    let refused = stream::iter(0..CONNECTIONS)
        .map(async |_| {
            let mut response = String::new();
            within(connect().await.read_to_string(&mut response))
                .await
                .ok();
            response.starts_with("HTTP/1.1 429")
        })
        .buffer_unordered(20)
        .filter(|refused| ready(*refused))
        .count();
    // A refusal may be lost with its connection.
    assert!(refused.await > CONNECTIONS * 9 / 10);
    expect_served().await;
    drop(silent);
    until(async || process.metric("connections ").await == 1).await;

    // Frames that are too large, and frames that never end.
    for (size, sent) in [(100 * MIB, 4 * MIB), (2 * MIB, 2 * MIB - 1)] {
        let mut frame = masked_header(size);
        frame.resize(frame.len() + sent, 0);
        let attackers = join_all((0..20).map(async |_| {
            let mut socket = web_socket(process.address).await;
            socket.write_all(&frame).await.ok();
            socket
        }));
        let attackers = within(attackers).await;
        expect_served().await;
        drop(attackers);
    }
    until(async || process.metric("connections ").await == 1).await;

    // Large messages of clients who stay. Those for whom there is no room are closed.
    let closed = "connections_closed_total{reason=\"too_much_incoming\"} ";
    let closed_before = process.metric(closed).await;
    let mut staying = process.clients(2..22).await;
    for (client, n) in staying.iter_mut().zip(1..) {
        let call = client.call(CANISTER, "ws_message", vec![0; 2 * MIB - 1024]);
        client.try_send(call).await;
        until(async || {
            let arrived = network.accepted("ws_message").len() as u64;
            arrived + process.metric(closed).await - closed_before == n
        })
        .await;
    }
    expect_served().await;
    let grown = peak(process.pid()) - before;
    assert!(grown < 24 * 1024, "{grown} KiB");
}
