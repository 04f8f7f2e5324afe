//! What an operator can set. The flags that the published gateway has, too, are named and default as there.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    Args, Parser,
    builder::{RangedU64ValueParser, TypedValueParser},
};
use reqwest::Url;
use tokio::sync::Semaphore;

/// How the gateway runs.
#[derive(Parser, Debug, Clone)]
#[command(
    name = "ic-ws-gateway",
    version,
    about = "Relays between WebSocket clients and canisters of the Internet Computer"
)]
pub struct Config {
    /// Where to listen for clients.
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:8080")]
    pub gateway_address: SocketAddr,

    /// The Internet Computer: a network's API address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4943", value_parser = http_url)]
    pub ic_network_url: Url,

    /// How long to wait between two polls of a canister that had nothing more to send, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "100", value_parser = milliseconds())]
    pub polling_interval: Duration,

    /// The file with the gateway's Ed25519 key (PKCS #8, PEM or DER). Created if there is none.
    #[arg(long, value_name = "FILE", default_value = "data/identity.pem")]
    pub identity_path: PathBuf,

    /// The bounds.
    #[command(flatten)]
    pub limits: Limits,
}

/// What bounds the gateway's use of memory, time and sockets.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections at the same time. More are answered with HTTP status 503.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = amount())]
    pub max_connections: usize,

    /// Canisters with clients at the same time. A client of one more is closed.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = amount())]
    pub max_canisters: usize,

    /// The largest frame a client may send, in bytes. A larger one closes it.
    /// The default leaves an envelope of the network's largest ingress message (2 MiB) its overhead.
    #[arg(long, value_name = "BYTES", default_value = "2162688", value_parser = amount())]
    pub max_frame_size: usize,

    /// Messages that may wait for one client to read them. With one more it is closed as too slow.
    #[arg(long, value_name = "N", default_value = "1024", value_parser = amount())]
    pub max_outgoing_messages: usize,

    /// The bytes of these messages and of what proves them. With more the client is closed as too slow.
    /// One message may wait whatever its size.
    #[arg(long, value_name = "BYTES", default_value = "16777216", value_parser = RangedU64ValueParser::<u32>::new().range(1..))]
    pub max_outgoing_bytes: u32,

    /// Calls of one client that may be undecided on the network, and as many again that may wait to be
    /// posted. Beyond that the gateway does not read from the client's socket.
    #[arg(long, value_name = "N", default_value = "32", value_parser = amount())]
    pub max_pending_calls: usize,

    /// The largest answer accepted from the network, in bytes.
    #[arg(long, value_name = "BYTES", default_value = "8388608", value_parser = amount())]
    pub max_response_size: usize,

    /// How long a client may take for its HTTP request, and then to send `ws_open`, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub handshake_timeout: Duration,

    /// How often an idle client is pinged, in milliseconds. One that is silent for two intervals is closed.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub ping_interval: Duration,

    /// How long one HTTP request to the network may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "30000", value_parser = milliseconds())]
    pub request_timeout: Duration,

    /// How long the network may take to decide a call, retries included, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "120000", value_parser = milliseconds())]
    pub call_timeout: Duration,

    /// How long after a client's `ws_open` succeeded the canister's first message to it may be missing, in
    /// milliseconds. Then the canister's queue is read from its start, as it may have begun a new one.
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds())]
    pub open_message_timeout: Duration,

    /// How long closing one connection may take on either side, in milliseconds: the closing handshake with
    /// the client, and what the network has yet to be told of it.
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds())]
    pub close_timeout: Duration,

    /// How long the gateway may take to end after it was asked to, in milliseconds.
    /// The default leaves time to close a connection, which may take the time for that twice.
    #[arg(long, value_name = "MS", default_value = "15000", value_parser = milliseconds())]
    pub shutdown_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self::parse_from(["ic-ws-gateway"])
    }
}

/// A number of things that can be allowed: none would leave nothing to do.
fn amount() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=Semaphore::MAX_PERMITS as u64)
}

/// A time that can pass.
fn milliseconds() -> impl TypedValueParser<Value = Duration> {
    RangedU64ValueParser::<u64>::new()
        .range(1..)
        .map(Duration::from_millis)
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!("an http or https URL is needed, not '{scheme}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_published_gateway() {
        let config = Config::default();
        assert_eq!(config.gateway_address.to_string(), "0.0.0.0:8080");
        assert_eq!(config.ic_network_url.as_str(), "http://127.0.0.1:4943/");
        assert_eq!(config.polling_interval, Duration::from_millis(100));
    }

    #[test]
    fn flags_are_read() {
        let config = Config::try_parse_from([
            "ic-ws-gateway",
            "--gateway-address=127.0.0.1:0",
            "--ic-network-url=https://icp-api.io",
            "--polling-interval=250",
            "--max-connections=7",
        ])
        .unwrap();
        assert_eq!(config.gateway_address.port(), 0);
        assert_eq!(config.ic_network_url.host_str(), Some("icp-api.io"));
        assert_eq!(config.polling_interval, Duration::from_millis(250));
        assert_eq!(config.limits.max_connections, 7);
    }

    #[test]
    fn a_wrong_value_names_its_flag() {
        for flag in [
            "--gateway-address=nowhere",
            "--ic-network-url=ftp://example.com",
            "--polling-interval=-1",
            "--polling-interval=0",
            "--max-connections=0",
            "--max-outgoing-messages=0",
            "--max-outgoing-messages=18446744073709551615",
            "--max-pending-calls=0",
            "--ping-interval=0",
        ] {
            let error = Config::try_parse_from(["ic-ws-gateway", flag]).unwrap_err();
            let name = flag.split('=').next().unwrap();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
