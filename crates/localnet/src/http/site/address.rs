//! Which canister a page belongs to.

use axum::http::{HeaderMap, Uri, header};
use candid::Principal;

const PARAMETER: &str = "canisterId";

/// The canister named by the host (`<canister-id>.localhost`), by the query (`?canisterId=`), or by the
/// page that refers to this one: what a page loads by relative links has no parameter of its own.
pub(super) fn canister(uri: &Uri, headers: &HeaderMap) -> Option<Principal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let by_host = |host: &str| Principal::from_text(host.split('.').next()?).ok();
    let by_uri = |uri: &Uri| parameter(uri.query()?);
    text(header::HOST)
        .and_then(by_host)
        .or_else(|| by_uri(uri))
        .or_else(|| by_uri(&text(header::REFERER)?.parse().ok()?))
}

fn parameter(query: &str) -> Option<Principal> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == PARAMETER)
        .and_then(|(_, value)| Principal::from_text(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "rwlgt-iiaaa-aaaaa-aaaaa-cai";

    fn found(uri: &str, headers: &[(header::HeaderName, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, value.parse().unwrap());
        }
        canister(&uri.parse().unwrap(), &map).map(|id| id.to_text())
    }

    #[test]
    fn host_query_and_referer_name_the_canister() {
        let host = format!("{ID}.localhost:4943");
        assert_eq!(found("/", &[(header::HOST, &host)]).as_deref(), Some(ID));
        let local = || (header::HOST, "localhost:4943");
        let uri = format!("/index.html?a=b&canisterId={ID}");
        assert_eq!(found(&uri, &[local()]).as_deref(), Some(ID));
        let referer = format!("http://localhost:4943/?canisterId={ID}");
        let headers = [local(), (header::REFERER, &referer)];
        assert_eq!(found("/style.css", &headers).as_deref(), Some(ID));
    }

    #[test]
    fn other_addresses_name_none() {
        assert_eq!(found("/", &[(header::HOST, "localhost")]), None);
        assert_eq!(found("/", &[(header::HOST, "127.0.0.1:80")]), None);
        assert_eq!(found("/?canisterId=nonsense", &[]), None);
        assert_eq!(found("/?canisterId", &[]), None);
    }
}
