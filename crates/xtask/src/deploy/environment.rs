//! What the canisters and the page are told about their network: the canisters' environment variables, which the asset
//! canister passes on to the page, and the headers of the page's files.

use std::collections::BTreeMap;

use super::Deployment;

/// The variable with the URLs of the gateways, with commas between.
const GATEWAYS: &str = "PUBLIC_GATEWAY_URLS";
/// The variable with the URL of the page where people sign in.
const IDENTITY_PROVIDER: &str = "PUBLIC_IDENTITY_PROVIDER_URL";

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

    /// The headers that a file of this type is served with.
    pub(super) fn headers(&self, content_type: &str) -> BTreeMap<String, String> {
        let mut headers = vec![
            ("Cache-Control", "no-cache".to_owned()),
            ("Referrer-Policy", "no-referrer".to_owned()),
            ("X-Content-Type-Options", "nosniff".to_owned()),
        ];
        if content_type.starts_with("text/html") {
            headers.push(("Content-Security-Policy", self.content_security_policy()));
        }
        headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn content_security_policy(&self) -> String {
        let gateways = self.variables.iter().find(|(name, _)| name == GATEWAYS);
        let gateways = gateways.map_or(String::new(), |(_, urls)| urls.replace(',', " "));
        format!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' {gateways}; \
             img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;

    use super::*;

    fn environment() -> Environment {
        let deployment = Deployment {
            backend: Principal::from_slice(&[1]),
            frontend: Principal::from_slice(&[2]),
            identity: Principal::from_slice(&[3]),
            root_key: vec![0x30, 0x81],
        };
        Environment::new(&deployment, "ws://127.0.0.1:8080", 4943)
    }

    #[test]
    fn the_page_may_reach_all_gateways() {
        let urls = "wss://one.example,wss://two.example".to_owned();
        let html = Environment::of(vec![(GATEWAYS.to_owned(), urls)]).headers("text/html");
        let policy = &html["Content-Security-Policy"];
        assert!(policy.contains("connect-src 'self' wss://one.example wss://two.example;"));
    }

    #[test]
    fn only_html_may_reach_the_gateway() {
        let html = environment().headers("text/html; charset=utf-8");
        assert!(
            html["Content-Security-Policy"].contains("connect-src 'self' ws://127.0.0.1:8080;")
        );
        assert!(
            !environment()
                .headers("text/css")
                .contains_key("Content-Security-Policy")
        );
    }
}
