//! Which canister a page belongs to.

use axum::http::{HeaderMap, Uri, header};
use candid::{Principal, types::principal::PrincipalError};

const PARAMETER: &str = "canisterId";
const RAW: &str = "raw";
const LOCAL: &str = ".localhost";

/// The pages of one canister.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Site {
    /// The canister.
    pub canister: Principal,
    /// Whether its pages are shown without verification.
    pub raw: bool,
}

/// The address has something else where a canister id belongs.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{text:?} is not a canister id: {error}")]
pub(super) struct NotACanister {
    text: String,
    error: PrincipalError,
}

/// The site named by the host (`<canister-id>.localhost`, or `<canister-id>.raw.localhost`), by the query
/// (`?canisterId=`), or by the page that refers to this one: what a page loads by relative links has no parameter of
/// its own. `None` if nothing claims to name one.
pub(super) fn site(uri: &Uri, headers: &HeaderMap) -> Result<Option<Site>, NotACanister> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let mut labels = name.split('.');
    if let Ok(canister) = Principal::from_text(labels.next().unwrap_or_default()) {
        let raw = labels.next() == Some(RAW);
        return Ok(Some(Site { canister, raw }));
    }
    let referring: Option<Uri> = text(header::REFERER).and_then(|referer| referer.parse().ok());
    let named = parameter(uri)
        .or_else(|| parameter(referring.as_ref()?))
        .or_else(|| name.strip_suffix(LOCAL));
    named.map(by_parameter).transpose()
}

fn parameter(uri: &Uri) -> Option<&str> {
    uri.query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, value)| (name == PARAMETER).then_some(value))
}

fn by_parameter(text: &str) -> Result<Site, NotACanister> {
    match Principal::from_text(text) {
        Ok(canister) => Ok(Site {
            canister,
            raw: false,
        }),
        Err(error) => Err(NotACanister {
            text: text.to_owned(),
            error,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "rwlgt-iiaaa-aaaaa-aaaaa-cai";

    fn site_of(
        uri: &str,
        headers: &[(header::HeaderName, &str)],
    ) -> Result<Option<Site>, NotACanister> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, value.parse().unwrap());
        }
        site(&uri.parse().unwrap(), &map)
    }

    #[test]
    fn host_query_and_referer_name_the_canister() {
        let canister = Principal::from_text(ID).unwrap();
        let of = |uri, headers: &[_]| site_of(uri, headers).unwrap().unwrap();
        let verified = Site {
            canister,
            raw: false,
        };
        let host = format!("{ID}.localhost:4943");
        assert_eq!(of("/", &[(header::HOST, &host)]), verified);
        let raw_host = format!("{ID}.raw.localhost:4943");
        let raw = Site {
            canister,
            raw: true,
        };
        assert_eq!(of("/", &[(header::HOST, &raw_host)]), raw);
        let local = || (header::HOST, "localhost:4943");
        let uri = format!("/index.html?a=b&canisterId={ID}");
        assert_eq!(of(&uri, &[local()]), verified);
        let referer = format!("http://localhost:4943/?canisterId={ID}");
        let headers = [local(), (header::REFERER, &referer)];
        assert_eq!(of("/style.css", &headers), verified);
    }

    #[test]
    fn other_addresses_name_none() {
        for host in ["localhost", "127.0.0.1:80", "[::1]:80", "machine.example"] {
            assert_eq!(site_of("/", &[(header::HOST, host)]), Ok(None));
        }
        assert_eq!(site_of("/?canisterId", &[]), Ok(None));
    }

    #[test]
    fn what_should_be_a_canister_id_and_is_none_is_named() {
        let wrong = "rwlgt-iiaaa-aaaaa-aaaaa-caj";
        let host = format!("{wrong}.localhost:4943");
        for (uri, host) in [
            ("/", host.as_str()),
            ("/?canisterId=rwlgt-iiaaa-aaaaa-aaaaa-caj", "localhost"),
        ] {
            let error = site_of(uri, &[(header::HOST, host)]).unwrap_err();
            assert_eq!(error.text, wrong);
        }
        assert!(site_of("/?canisterId=", &[]).is_err());
    }
}
