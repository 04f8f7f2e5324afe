//! HTTP requests that cost next to nothing to send: made beforehand, one after the other over one connection. A client
//! library would take a good part of the machine from the server that is measured.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const MAX_HEADERS: usize = 32;
/// Longer than anything takes that is measured.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A request as it goes over the wire. Cloning is cheap.
#[derive(Clone)]
pub struct Request(Bytes);

impl Request {
    /// Without a body.
    pub fn get(path: &str) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into())
    }

    /// For the status of a local Internet Computer.
    pub fn status() -> Self {
        Self::get("/api/v2/status")
    }

    /// With a body of CBOR.
    pub fn post(path: &str, body: &[u8]) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/cbor\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self([head.as_bytes(), body].concat().into())
    }
}

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
    /// The response that is being read, or was read last.
    response: Vec<u8>,
}

impl Connection {
    /// Connects to the server at `address`.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            response: Vec::new(),
        })
    }

    /// Sends a request and waits for the response, which must be 200; gives its body.
    pub async fn send(&mut self, request: &Request) -> Result<&[u8]> {
        timeout(ANSWER_WITHIN, self.exchange(request))
            .await
            .context("the server does not answer")?
    }

    async fn exchange(&mut self, request: &Request) -> Result<&[u8]> {
        self.stream.write_all(&request.0).await?;
        self.response.clear();
        let start = loop {
            let read = self.stream.read_buf(&mut self.response).await?;
            ensure!(read > 0, "the server has closed the connection");
            if let Some((start, length)) = parse_head(&self.response)?
                && self.response.len() >= start + length
            {
                break start;
            }
        };
        Ok(&self.response[start..])
    }
}

/// Where the body starts and how long it is, once the head is complete.
fn parse_head(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(bytes)? else {
        return Ok(None);
    };
    if head.code != Some(200) {
        bail!("the server answers {}", String::from_utf8_lossy(bytes));
    }
    let length = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .context("a response without Content-Length")?;
    let length = std::str::from_utf8(length.value)?.parse()?;
    Ok(Some((start, length)))
}
