//! What the canisters and the page are told about their network: the canisters' environment variables, which the asset
//! canister passes on to the page, and the headers of the page's files.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Deployment;
use crate::asset_headers;

/// The variable with the URLs of the gateways, with commas between.
pub(crate) const GATEWAYS: &str = "PUBLIC_GATEWAY_URLS";
/// The variable with the URL of the page where people sign in.
const IDENTITY_PROVIDER: &str = "PUBLIC_IDENTITY_PROVIDER_URL";

/// The variable with the domains at which the page is shown, beside those of the network; with commas between.
const DOMAINS: &str = "CUSTOM_DOMAINS";

/// The settings of one deployment.
pub(crate) struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    /// Those of a network that listens on `port` of this machine.
    pub(super) fn new(deployment: &Deployment, gateway_url: &str, port: u16) -> Self {
        let mut variables: Vec<_> = deployment
            .canisters()
            .into_iter()
            .map(|(name, id)| (format!("PUBLIC_CANISTER_ID:{name}"), id.to_text()))
            .collect();
        variables.push((GATEWAYS.to_owned(), gateway_url.to_owned()));
        variables.push((
            IDENTITY_PROVIDER.to_owned(),
            deployment.identity_provider_url(port),
        ));
        Self { variables }
    }

    /// The settings that canisters with these environment variables have been given.
    pub(crate) fn of(variables: Vec<(String, String)>) -> Self {
        Self { variables }
    }

    /// The canisters' environment variables.
    pub(super) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// The headers that `file` is served with.
    pub(super) fn headers(&self, file: &str) -> Result<BTreeMap<String, String>> {
        asset_headers::of(file, self.variable(GATEWAYS).unwrap_or_default())
    }

    /// What the page's canister serves for the domains of its own, a line each: by that it agrees to be shown there.
    pub(super) fn domains(&self) -> Option<String> {
        let domains = self.variable(DOMAINS).filter(|domains| !domains.is_empty());
        domains.map(|domains| domains.replace(',', "\n") + "\n")
    }

    fn variable(&self, wanted: &str) -> Option<&str> {
        let mut variables = self.variables.iter();
        variables.find_map(|(name, value)| (name == wanted).then_some(value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;

    use super::*;

    #[test]
    fn a_local_page_may_reach_the_local_gateway() {
        let deployment = Deployment {
            backend: Principal::from_slice(&[1]),
            frontend: Principal::from_slice(&[2]),
            identity: Principal::from_slice(&[3]),
            root_key: vec![0x30, 0x81],
        };
        let environment = Environment::new(&deployment, "ws://127.0.0.1:8080", 4943);
        let headers = environment.headers("index.html").unwrap();
        let policy = &headers["Content-Security-Policy"];
        assert!(policy.contains("connect-src 'self' ws://127.0.0.1:8080;"));
        assert_eq!(environment.domains(), None);
    }

    #[test]
    fn each_domain_has_a_line() {
        let domains = (
            DOMAINS.to_owned(),
            "chat.example,www.chat.example".to_owned(),
        );
        let environment = Environment::of(vec![domains]);
        let served = environment.domains().unwrap();
        assert_eq!(served, "chat.example\nwww.chat.example\n");
    }
}
