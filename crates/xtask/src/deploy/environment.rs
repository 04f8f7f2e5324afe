//! What the canisters and the page are told about their network.
//!
//! Canisters read it from their environment variables; the page from the `ic_env` cookie that comes with its HTML. The
//! cookie's form is the convention of the official asset canister.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Deployment;

/// What JavaScript's `encodeURIComponent` leaves as it is, and nothing else.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The settings of one deployment.
pub(super) struct Environment {
    root_key: Vec<u8>,
    gateway_url: String,
    variables: Vec<(String, String)>,
}

impl Environment {
    pub(super) fn new(deployment: &Deployment, gateway_url: &str) -> Self {
        let mut variables: Vec<_> = deployment
            .canisters()
            .into_iter()
            .map(|(name, id)| (format!("PUBLIC_CANISTER_ID:{name}"), id.to_text()))
            .collect();
        variables.push(("PUBLIC_GATEWAY_URLS".to_owned(), gateway_url.to_owned()));
        Self {
            root_key: deployment.root_key.clone(),
            gateway_url: gateway_url.to_owned(),
            variables,
        }
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
            headers.push(("Set-Cookie", self.cookie()));
        }
        headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn cookie(&self) -> String {
        let mut value = format!("ic_root_key={}", hex::encode(&self.root_key));
        for (name, variable) in &self.variables {
            value.push_str(&format!("&{name}={variable}"));
        }
        format!(
            "ic_env={}; SameSite=Lax",
            utf8_percent_encode(&value, COMPONENT)
        )
    }

    fn content_security_policy(&self) -> String {
        format!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' {}; img-src 'self' data:; \
             object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            self.gateway_url
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
            root_key: vec![0x30, 0x81],
        };
        Environment::new(&deployment, "ws://127.0.0.1:8080")
    }

    #[test]
    fn the_cookie_is_encoded_as_encode_uri_component_does() {
        let backend = Principal::from_slice(&[1]).to_text();
        let frontend = Principal::from_slice(&[2]).to_text();
        assert_eq!(
            environment().cookie(),
            format!(
                "ic_env=ic_root_key%3D3081%26PUBLIC_CANISTER_ID%3Abackend%3D{backend}\
                 %26PUBLIC_CANISTER_ID%3Afrontend%3D{frontend}\
                 %26PUBLIC_GATEWAY_URLS%3Dws%3A%2F%2F127.0.0.1%3A8080; SameSite=Lax"
            )
        );
    }

    #[test]
    fn only_html_sets_the_cookie_and_may_reach_the_gateway() {
        let html = environment().headers("text/html; charset=utf-8");
        assert!(html["Set-Cookie"].starts_with("ic_env="));
        assert!(
            html["Content-Security-Policy"].contains("connect-src 'self' ws://127.0.0.1:8080;")
        );
        assert!(!environment().headers("text/css").contains_key("Set-Cookie"));
    }
}
