//! What an operator can set. The flags that the published gateway has, too, are named and default as there.

mod access;
mod limits;
mod sources;
mod telemetry;
mod values;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser};
use reqwest::Url;

pub use access::{Access, Origin};
pub use limits::Limits;
pub use sources::ConfigError;
pub use telemetry::{LogFormat, Telemetry};

use crate::rate::Rate;

use values::{Optional, http_url, milliseconds, optional};

/// How the gateway runs.
///
/// Each setting has one name: `--polling-interval` as a flag, `ICWS_GATEWAY_POLLING_INTERVAL` in the environment,
/// `polling-interval` in the file. An empty value of one that may be absent is as good as none.
#[derive(Args, Debug, Clone)]
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

    /// The longest that this wait grows to while nothing happens in the canister, in milliseconds. It is how late
    /// the first message of a quiet canister may be; after a client's call the canister is polled at once.
    #[arg(long, value_name = "MS", default_value = "500", value_parser = milliseconds())]
    pub max_polling_interval: Duration,

    /// The file with the gateway's Ed25519 key (PKCS #8, PEM or DER). Created if there is none.
    #[arg(long, value_name = "FILE", default_value = "data/identity.pem")]
    pub identity_path: PathBuf,

    /// Where to serve /metrics and /status, which are then no longer served where clients connect.
    #[arg(long, value_name = "IP:PORT", default_value = "", hide_default_value = true, value_parser = optional::<SocketAddr>)]
    pub prometheus_endpoint: Optional<SocketAddr>,

    /// The files for TLS.
    #[command(flatten)]
    pub tls: Tls,

    /// Who may connect.
    #[command(flatten)]
    pub access: Access,

    /// The bounds.
    #[command(flatten)]
    pub limits: Limits,

    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: Telemetry,
}

/// With both files, clients connect to `wss://`; with none to `ws://`.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "TLS")]
pub struct Tls {
    /// The file with the certificate and those that prove it, in PEM.
    #[arg(long, value_name = "FILE", default_value = "", hide_default_value = true, value_parser = optional::<PathBuf>)]
    pub tls_certificate_pem_path: Optional<PathBuf>,

    /// The file with the certificate's private key, in PEM.
    #[arg(long, value_name = "FILE", default_value = "", hide_default_value = true, value_parser = optional::<PathBuf>)]
    pub tls_certificate_key_pem_path: Optional<PathBuf>,

    /// How often to look whether these files have changed, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "60000", value_parser = milliseconds())]
    pub tls_reload_interval: Duration,
}

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "ic-ws-gateway",
    version,
    about = "Relays between WebSocket clients and canisters of the Internet Computer",
    after_help = "Every flag can also be set by an environment variable (--polling-interval by \
                  ICWS_GATEWAY_POLLING_INTERVAL) or in the file (polling-interval = 100). Flags override \
                  variables, variables override the file."
)]
struct CommandLine {
    /// A TOML file with settings, named like the flags.
    #[arg(long, value_name = "FILE", default_value = "", hide_default_value = true, value_parser = optional::<PathBuf>)]
    config: Optional<PathBuf>,

    #[command(flatten)]
    settings: Config,
}

impl Config {
    /// Reads the flags in `args` (of which the first is the program), the environment and the file that they name.
    ///
    /// # Errors
    /// When there is an unknown setting, a bad value or one that contradicts another, and when help or version are
    /// asked for: see [`ConfigError::exit`].
    pub fn load(
        args: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let config = sources::read(args.into_iter().collect(), environment)?;
        let tls = &config.tls;
        if tls.tls_certificate_pem_path.is_some() != tls.tls_certificate_key_pem_path.is_some() {
            return Err(ConfigError::HalfTls);
        }
        let limits = &config.limits;
        if !Rate::new(limits.max_message_rate).admits(limits.max_frame_size) {
            return Err(ConfigError::RateBelowFrame(limits.max_message_rate));
        }
        Ok(config)
    }
}

impl Default for Config {
    fn default() -> Self {
        CommandLine::parse_from(["ic-ws-gateway"]).settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &[&str]) -> Result<Config, ConfigError> {
        let args = [&["ic-ws-gateway"], flags].concat();
        Config::load(args.into_iter().map(OsString::from), [])
    }

    #[test]
    fn defaults_are_those_of_the_published_gateway() {
        let config = load(&[]).unwrap();
        assert_eq!(config.gateway_address.to_string(), "0.0.0.0:8080");
        assert_eq!(config.ic_network_url.as_str(), "http://127.0.0.1:4943/");
        assert_eq!(config.polling_interval, Duration::from_millis(100));
        assert!(config.tls.tls_certificate_pem_path.is_none());
        assert!(config.telemetry.opentelemetry_collector_endpoint.is_none());
    }

    #[test]
    fn flags_of_the_published_gateway_are_read() {
        let config = load(&[
            "--gateway-address",
            "0.0.0.0:443",
            "--ic-network-url",
            "https://icp-api.io",
            "--polling-interval",
            "250",
            "--prometheus-endpoint",
            "0.0.0.0:9000",
            "--tls-certificate-pem-path",
            "data/certs/live/example.com/fullchain.pem",
            "--tls-certificate-key-pem-path",
            "data/certs/live/example.com/privkey.pem",
            "--opentelemetry-collector-endpoint",
            "http://otlp_collector:4317",
        ])
        .unwrap();
        assert_eq!(config.gateway_address.port(), 443);
        assert_eq!(config.ic_network_url.host_str(), Some("icp-api.io"));
        assert_eq!(config.polling_interval, Duration::from_millis(250));
        assert_eq!(config.prometheus_endpoint.unwrap().port(), 9000);
        let key = config.tls.tls_certificate_key_pem_path.unwrap();
        assert!(key.ends_with("privkey.pem"));
        let collector = config.telemetry.opentelemetry_collector_endpoint.unwrap();
        assert_eq!(collector.host_str(), Some("otlp_collector"));
    }

    /// Compose files pass variables on, set or not.
    #[test]
    fn an_empty_value_is_none() {
        let config = load(&[
            "--opentelemetry-collector-endpoint",
            "",
            "--tls-certificate-pem-path",
            "",
            "--prometheus-endpoint=",
            "--config=",
        ])
        .unwrap();
        assert!(config.telemetry.opentelemetry_collector_endpoint.is_none());
        assert!(config.tls.tls_certificate_pem_path.is_none());
        assert!(config.prometheus_endpoint.is_none());
    }

    #[test]
    fn a_wrong_value_names_its_flag() {
        for flag in [
            "--gateway-address=nowhere",
            "--ic-network-url=ftp://example.com",
            "--polling-interval=-1",
            "--polling-interval=0",
            "--prometheus-endpoint=9000",
            "--allowed-origin=example.com",
            "--allowed-origin=https://example.com/page",
            "--allowed-canister=nobody",
            "--trusted-proxy=10.0.0.0/33",
            "--max-connections=0",
            "--max-connections-per-address=0",
            "--max-message-rate=0",
            "--max-outgoing-messages=0",
            "--max-outgoing-messages=18446744073709551615",
            "--max-pending-calls=0",
            "--ping-interval=0",
            "--opentelemetry-collector-endpoint=collector:4318",
            "--opentelemetry-sampling-ratio=1.1",
            "--opentelemetry-sampling-ratio=NaN",
            "--log-format=xml",
            "--max-log-rate=0",
        ] {
            let error = load(&[flag]).unwrap_err();
            let name = flag.split('=').next().unwrap();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn the_rate_admits_the_largest_frame() {
        let error = load(&["--max-message-rate=13"]).unwrap_err();
        assert!(error.to_string().contains("--max-frame-size"), "{error}");
        assert!(load(&["--max-message-rate=14"]).is_ok());
        assert!(load(&["--max-message-rate=1", "--max-frame-size=100000"]).is_ok());
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let error = load(&["--tls-certificate-pem-path=cert.pem"]).unwrap_err();
        assert!(
            error.to_string().contains("--tls-certificate-key-pem-path"),
            "{error}"
        );
    }
}
