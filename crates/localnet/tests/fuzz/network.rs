//! The network under test, in a process of its own: its log and its memory are nobody else's.

use std::{
    fs,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

use crate::requests::{Request, Seeds};

/// By then, an answer has to be there: a call that is received is waited for up to ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a body that may go unread, and yet the client gets its answer.
const READ_ANYWAY: usize = 16 << 10;

/// The statuses that the interface has reasons for.
const STATUSES: [StatusCode; 11] = [
    StatusCode::OK,
    StatusCode::ACCEPTED,
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
];

pub struct Network {
    pub url: String,
    client: Client,
    process: Child,
    log: Arc<Mutex<String>>,
}

impl Network {
    pub async fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ic-localnet"))
            .args(["--port", "0", "--test-api"])
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut announcement = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, announcement.next_line()).await.unwrap();
        let line = line.unwrap().unwrap();
        let mut words = line.split_whitespace();
        let url = words.find(|word| word.starts_with("http")).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let written = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            url: url.to_owned(),
            client: Client::builder()
                .timeout(PATIENCE)
                // A refusal may close its connection while the next request is already being written to it.
                .pool_max_idle_per_host(0)
                .redirect(redirect::Policy::none())
                .build()
                .unwrap(),
            process,
            log,
        }
    }

    /// Sends a request and checks that the answer is one of the interface's; gives its status, 0 if
    /// the network closed the connection before it had read a large body.
    pub async fn check_answer(&self, request: Request) -> u16 {
        let Request {
            method,
            path,
            host,
            content_type,
            body,
            is_page,
        } = request;
        let described = format!("{method} {path} ({content_type:?}) {}", hex::encode(&body));
        let mut sent = self.client.request(method, format!("{}{path}", self.url));
        if let Some(content_type) = content_type {
            sent = sent.header("content-type", content_type);
        }
        if let Some(host) = host {
            sent = sent.header("host", host);
        }
        let closes_early = body.len() > READ_ANYWAY;
        let response = match sent.body(body).send().await {
            Ok(response) => response,
            // Refused before all of it was read, and sent on by a client that does not listen meanwhile.
            Err(error) if closes_early && error.is_request() => return 0,
            // The page breaks off before its beginning has been sent.
            Err(error) if is_page && error.is_request() => return 0,
            Err(error) => panic!("no answer: {error:?}\n{described:.2000}\n{}", self.log()),
        };
        let status = response.status();
        if is_page {
            // It is what the canister says, or the part of it that came before something senseless.
            let _ = response.bytes().await;
            return status.as_u16();
        }
        if let Err(problem) = check(response).await {
            panic!("{status}: {problem}\n{described:.2000}");
        }
        status.as_u16()
    }

    /// Sends what need not even be HTTP; the connection is answered or closed.
    pub async fn send_garbage(&self, bytes: Vec<u8>) {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        let exchange = async {
            // The network may close the connection before it has read everything.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut answer).await;
        };
        let described = String::from_utf8_lossy(&bytes);
        assert!(
            timeout(PATIENCE, exchange).await.is_ok(),
            "no answer, no end: {described:.2000}"
        );
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1."),
            "{described:.2000}"
        );
    }

    /// Its time, in nanoseconds since the epoch.
    pub async fn now_ns(&self) -> u64 {
        let clock = self.client.get(format!("{}/_/test/clock", self.url));
        let clock = clock.send().await.unwrap().bytes().await.unwrap();
        let clock: Value = serde_json::from_slice(&clock).unwrap();
        clock["now_ns"].as_u64().unwrap()
    }

    /// Checks that good requests are still answered, and that nothing has gone wrong in between.
    pub async fn check_alive(&self, seeds: &mut Seeds) {
        assert_eq!(self.check_answer(Request::faults("{}")).await, 200);
        seeds.renew(self).await;
        for request in seeds.good() {
            let (path, is_page) = (request.path.clone(), request.is_page);
            let status = self.check_answer(request).await;
            let is_accepted = path.ends_with("/call") && status == 202;
            assert!(status == 200 || is_accepted || is_page, "{path}: {status}");
        }
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The most memory the process ever had.
    pub fn peak_mib(&self) -> u64 {
        let pid = self.process.id().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = peak
            .and_then(|line| line.split_whitespace().nth(1))
            .unwrap();
        kib.parse::<u64>().unwrap() / 1024
    }
}

/// A known status; CBOR or a page if it went well, and a reason for people if not.
async fn check(response: Response) -> Result<(), String> {
    let status = response.status();
    if !STATUSES.contains(&status) {
        return Err("an unexpected status".into());
    }
    let content_type = response.headers().get("content-type").cloned();
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    let body = response.bytes().await.map_err(|e| e.to_string())?;
    match (status, content_type.as_deref()) {
        (StatusCode::ACCEPTED, None) if body.is_empty() => Ok(()),
        (StatusCode::OK, Some("application/cbor")) => {
            let decoded = serde_cbor::from_slice::<serde_cbor::Value>(&body);
            decoded.map(|_| ()).map_err(|e| e.to_string())
        }
        (StatusCode::OK, Some("application/json")) => {
            let decoded = serde_json::from_slice::<Value>(&body);
            decoded.map(|_| ()).map_err(|e| e.to_string())
        }
        (_, Some(text)) if text.starts_with("text/") && status != StatusCode::ACCEPTED => {
            let text = std::str::from_utf8(&body).map_err(|e| e.to_string())?;
            if text.len() > 5 {
                Ok(())
            } else {
                Err(format!("a reason that says nothing: {text:?}"))
            }
        }
        _ => Err(format!(
            "{content_type:?} {:?}",
            body.slice(..body.len().min(200))
        )),
    }
}
