//! Who may connect, and what to believe of where they come from.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use candid::Principal;
use clap::Args;
use ipnet::IpNet;
use reqwest::Url;

/// Who may connect.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Access")]
pub struct Access {
    /// An origin whose pages may connect, as in `https://example.com`; `*` is any. Repeat it for more.
    #[arg(
        long = "allowed-origin",
        value_name = "ORIGIN",
        default_value = "*",
        value_delimiter = ','
    )]
    pub allowed_origins: Vec<Origin>,

    /// Whether clients that name no origin may connect: programs, which may as well name a false one.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub allow_missing_origin: bool,

    /// A canister that may be connected to. Repeat it for more; without it all may.
    #[arg(
        long = "allowed-canister",
        value_name = "PRINCIPAL",
        value_delimiter = ','
    )]
    pub allowed_canisters: Vec<Principal>,

    /// The address, or network, of a reverse proxy. What it says in `X-Forwarded-For` is believed. Repeat it for more.
    #[arg(long = "trusted-proxy", value_name = "IP[/PREFIX]", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
}

/// A web origin (RFC 6454), as browsers send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Each of them.
    Any,
    /// This one.
    Exact(String),
}

impl Access {
    /// Whether a page of `origin`, or a client without one, may connect.
    pub(crate) fn allows_origin(&self, origin: Option<&[u8]>) -> bool {
        match origin {
            None => self.allow_missing_origin,
            Some(origin) => self.allowed_origins.iter().any(|allowed| match allowed {
                Origin::Any => true,
                Origin::Exact(allowed) => allowed.as_bytes().eq_ignore_ascii_case(origin),
            }),
        }
    }

    /// Whether clients may connect to `canister`.
    pub(crate) fn allows_canister(&self, canister: Principal) -> bool {
        self.allowed_canisters.is_empty() || self.allowed_canisters.contains(&canister)
    }

    /// Where a request comes from that `peer` sent and that was `forwarded` as its headers say, in their order:
    /// each proxy appends the address that it saw.
    pub(crate) fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut client = peer;
        for hop in forwarded.rev().map(str::trim) {
            let address = hop
                .parse::<IpAddr>()
                .or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()));
            match address {
                Ok(address) if self.trusts(client) => client = address,
                _ => break,
            }
        }
        client
    }

    /// Whether `address` is that of a proxy which is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&address))
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origin = Url::parse(text)
            .map_err(|e| format!("an origin, as in https://example.com, or * is needed: {e}"))?
            .origin();
        let exact = origin.ascii_serialization();
        if !origin.is_tuple() || exact != text.trim_end_matches('/').to_ascii_lowercase() {
            return Err(format!(
                "only scheme, host and port make an origin: '{exact}'"
            ));
        }
        Ok(Self::Exact(exact))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(origin) => f.write_str(origin),
        }
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.into()),
        Err(_) => text
            .parse()
            .map_err(|_| "an IP address, or a network as in 10.0.0.0/8, is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(origins: &[&str]) -> Access {
        Access {
            allowed_origins: origins.iter().map(|o| o.parse().unwrap()).collect(),
            allow_missing_origin: false,
            allowed_canisters: vec![],
            trusted_proxies: vec![network("10.0.0.0/8").unwrap(), network("::1").unwrap()],
        }
    }

    #[test]
    fn only_exact_origins_are_allowed() {
        let access = access(&["https://example.com", "http://localhost:4943/"]);
        for (origin, allowed) in [
            ("https://example.com", true),
            ("HTTPS://Example.com", true),
            ("http://localhost:4943", true),
            ("http://example.com", false),
            ("https://example.com:444", false),
            ("https://www.example.com", false),
            ("https://example.com.evil.net", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(
                access.allows_origin(Some(origin.as_bytes())),
                allowed,
                "{origin}"
            );
        }
        assert!(!access.allows_origin(None));
    }

    #[test]
    fn a_star_allows_any_origin() {
        assert!(access(&["*"]).allows_origin(Some(b"null")));
    }

    #[test]
    fn only_trusted_proxies_say_where_a_client_is() {
        let access = access(&["*"]);
        let client = |peer: &str, forwarded: &str| {
            let client = access.client(peer.parse().unwrap(), forwarded.split(','));
            client.to_string()
        };
        assert_eq!(client("10.1.2.3", "192.0.2.1"), "192.0.2.1");
        assert_eq!(client("::1", "192.0.2.1, 10.0.0.1"), "192.0.2.1");
        assert_eq!(client("10.1.2.3", "[2001:db8::1]:443"), "2001:db8::1");
        // What the client itself says counts nothing.
        assert_eq!(client("10.1.2.3", "198.51.100.1, 192.0.2.1"), "192.0.2.1");
        assert_eq!(client("192.0.2.2", "192.0.2.1"), "192.0.2.2");
        assert_eq!(client("10.1.2.3", "unknown"), "10.1.2.3");
        assert_eq!(client("10.1.2.3", ""), "10.1.2.3");
    }
}
