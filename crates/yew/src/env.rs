//! Where the page finds its network: the `ic_env` cookie that the asset canister sends with it.
//!
//! Read at run time, so that one build serves every network. The cookie's value is URL-encoded and holds
//! `ic_root_key=<hex>&PUBLIC_CANISTER_ID:<name>=<id>&…`, the convention of the official asset canister.

use candid::Principal;
use ic_ws_client::sign_in::INTERNET_IDENTITY;
use percent_encoding::percent_decode_str;
use thiserror::Error;
#[cfg(target_family = "wasm")]
use {crate::Storage, ic_ws_client::Config, wasm_bindgen::JsCast};

const COOKIE: &str = "ic_env";
const ROOT_KEY: &str = "ic_root_key";
/// Where the cookies are kept for when there is no network.
#[cfg(target_family = "wasm")]
const KEPT: &str = "cookies";
/// The variable that holds the id of the canister that the page talks to.
pub const BACKEND: &str = "PUBLIC_CANISTER_ID:backend";
/// The variable that holds the addresses of the gateways, with commas between.
pub const GATEWAYS: &str = "PUBLIC_GATEWAY_URLS";
/// The variable that holds the address of the page where people sign in; [`INTERNET_IDENTITY`] where it is absent.
pub const IDENTITY_PROVIDER: &str = "PUBLIC_IDENTITY_PROVIDER_URL";

/// The length in bytes of a DER-encoded BLS public key, which is what a root key is.
const ROOT_KEY_BYTES: usize = 133;

/// The network that this page belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Env {
    /// The DER-encoded public key against which every certificate is verified.
    pub root_key: Vec<u8>,
    /// The canister that the page talks to.
    pub backend: Principal,
    /// The WebSocket gateways to choose from, in order of preference; at least one.
    pub gateways: Vec<String>,
    /// The page where people sign in.
    pub identity_provider: String,
}

/// Why the page does not know its network.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EnvError {
    /// The server of the page did not send the cookie, or the browser keeps no cookies.
    #[error("the page came without its `{COOKIE}` cookie")]
    NoCookie,
    /// The cookie does not decode to text.
    #[error("the `{COOKIE}` cookie is not URL-encoded text")]
    NotText,
    /// The root key, which the asset canister adds by itself, is absent or empty.
    #[error("the `{COOKIE}` cookie does not set `{ROOT_KEY}`")]
    NoRootKey,
    /// An environment variable is absent or empty.
    #[error("the environment variable `{0}` of the frontend canister is not set")]
    Missing(&'static str),
    /// The root key is not hexadecimal.
    #[error("`{ROOT_KEY}` is not hexadecimal")]
    RootKeyNotHex,
    /// The root key has the wrong length.
    #[error("`{ROOT_KEY}` has {0} bytes instead of {ROOT_KEY_BYTES}")]
    RootKeyLength(usize),
    /// The backend is not named by a canister id.
    #[error("`{BACKEND}` is not a canister id: `{0}`")]
    BackendId(String),
    /// A gateway address is not one of a WebSocket.
    #[error("`{GATEWAYS}` holds `{0}`, which begins neither with `ws://` nor with `wss://`")]
    GatewayUrl(String),
    /// The identity provider's address is not one of a page.
    #[error(
        "`{IDENTITY_PROVIDER}` is `{0}`, which begins neither with `http://` nor with `https://`"
    )]
    IdentityProviderUrl(String),
}

impl Env {
    /// Reads the variables from what `document.cookie` says.
    ///
    /// # Errors
    /// When one is missing or cannot be used.
    pub fn from_cookies(cookies: &str) -> Result<Self, EnvError> {
        let encoded = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(name, value)| (name == COOKIE).then_some(value))
            .ok_or(EnvError::NoCookie)?;
        let variables = percent_decode_str(encoded)
            .decode_utf8()
            .map_err(|_| EnvError::NotText)?;
        let find = |name| {
            variables
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
        };
        let variable = |name| find(name).ok_or(EnvError::Missing(name));
        Ok(Self {
            root_key: root_key(find(ROOT_KEY).ok_or(EnvError::NoRootKey)?)?,
            backend: backend(variable(BACKEND)?)?,
            gateways: gateways(variable(GATEWAYS)?)?,
            identity_provider: identity_provider(find(IDENTITY_PROVIDER))?,
        })
    }
}

#[cfg(target_family = "wasm")]
impl Env {
    /// Reads the variables that this page came with, or last came with.
    ///
    /// # Errors
    /// When one is missing or cannot be used.
    pub fn of_this_page() -> Result<Self, EnvError> {
        Self::from_cookies(&cookies())
    }

    /// How to connect to the canister: with the usual limits.
    pub fn connection(&self) -> Config {
        let mut config = Config::new(&self.gateways, self.backend, self.root_key.as_slice());
        config.network.url = Some(self.network_url());
        config
    }

    /// The network's HTTP interface: whoever serves the page serves it, too.
    pub fn network_url(&self) -> String {
        gloo_utils::window().location().origin().unwrap_or_default()
    }
}

#[cfg(target_family = "wasm")]
fn cookies() -> String {
    let cookies = gloo_utils::document()
        .unchecked_into::<web_sys::HtmlDocument>()
        .cookie()
        .unwrap_or_default();
    // Offline, the page comes from the browser's own store, and without its cookie.
    if cookies.is_empty() {
        return Storage::local().get(KEPT).unwrap_or_default();
    }
    Storage::local().set(KEPT, &cookies);
    cookies
}

fn root_key(text: &str) -> Result<Vec<u8>, EnvError> {
    let key = hex::decode(text).map_err(|_| EnvError::RootKeyNotHex)?;
    if key.len() == ROOT_KEY_BYTES {
        Ok(key)
    } else {
        Err(EnvError::RootKeyLength(key.len()))
    }
}

fn backend(text: &str) -> Result<Principal, EnvError> {
    Principal::from_text(text).map_err(|_| EnvError::BackendId(text.to_owned()))
}

fn gateways(text: &str) -> Result<Vec<String>, EnvError> {
    let urls: Vec<_> = text
        .split(',')
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(wrong) = urls
        .iter()
        .find(|url| !url.starts_with("ws://") && !url.starts_with("wss://"))
    {
        return Err(EnvError::GatewayUrl(wrong.clone()));
    }
    if urls.is_empty() {
        return Err(EnvError::Missing(GATEWAYS));
    }
    Ok(urls)
}

fn identity_provider(text: Option<&str>) -> Result<String, EnvError> {
    let url = text.unwrap_or(INTERNET_IDENTITY);
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(url.to_owned())
    } else {
        Err(EnvError::IdentityProviderUrl(url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    fn cookies(variables: &str) -> String {
        let value = utf8_percent_encode(variables, NON_ALPHANUMERIC);
        format!("theme=dark; ic_env={value}; other=1")
    }

    fn variables(root_key: &str, backend: &str, gateways: &str) -> String {
        cookies(&format!(
            "ic_root_key={root_key}&PUBLIC_CANISTER_ID:frontend=aaaaa-aa&\
             PUBLIC_CANISTER_ID:backend={backend}&PUBLIC_GATEWAY_URLS={gateways}"
        ))
    }

    fn key() -> String {
        hex::encode([7; ROOT_KEY_BYTES])
    }

    #[test]
    fn reads_a_complete_cookie() {
        let env = Env::from_cookies(&variables(
            &key(),
            "rrkah-fqaaa-aaaaa-aaaaq-cai",
            "ws://localhost:8080, wss://gateway.example/ws",
        ));
        assert_eq!(
            env,
            Ok(Env {
                root_key: vec![7; ROOT_KEY_BYTES],
                backend: Principal::from_text("rrkah-fqaaa-aaaaa-aaaaq-cai").unwrap(),
                gateways: vec![
                    "ws://localhost:8080".to_owned(),
                    "wss://gateway.example/ws".to_owned()
                ],
                identity_provider: INTERNET_IDENTITY.to_owned(),
            })
        );
    }

    #[test]
    fn another_identity_provider_may_be_set() {
        let set = |url| {
            let gateway = "ws://localhost:8080";
            let more = format!("{gateway}&PUBLIC_IDENTITY_PROVIDER_URL={url}");
            Env::from_cookies(&variables(&key(), "aaaaa-aa", &more))
                .map(|env| env.identity_provider)
        };
        let local = "http://identity.localhost:4943/authorize";
        assert_eq!(set(local), Ok(local.to_owned()));
        assert_eq!(
            set("javascript:alert()"),
            Err(EnvError::IdentityProviderUrl(
                "javascript:alert()".to_owned()
            ))
        );
    }

    #[test]
    fn says_when_the_cookie_is_absent() {
        assert_eq!(Env::from_cookies(""), Err(EnvError::NoCookie));
        assert_eq!(
            Env::from_cookies("not_ic_env=1; ic_env2=2"),
            Err(EnvError::NoCookie)
        );
    }

    #[test]
    fn says_when_the_cookie_is_not_text() {
        assert_eq!(Env::from_cookies("ic_env=%FF%FE"), Err(EnvError::NotText));
    }

    #[test]
    fn names_the_missing_variable() {
        assert_eq!(Env::from_cookies("ic_env=x"), Err(EnvError::NoRootKey));
        let without_backend = cookies(&format!("ic_root_key={}", key()));
        assert_eq!(
            Env::from_cookies(&without_backend),
            Err(EnvError::Missing(BACKEND))
        );
        for none in ["", " , "] {
            assert_eq!(
                Env::from_cookies(&variables(&key(), "aaaaa-aa", none)),
                Err(EnvError::Missing(GATEWAYS))
            );
        }
    }

    #[test]
    fn refuses_values_that_cannot_be_used() {
        let gateway = "ws://localhost:8080";
        for (cookies, error) in [
            (
                variables("xyz", "aaaaa-aa", gateway),
                EnvError::RootKeyNotHex,
            ),
            (
                variables("0102", "aaaaa-aa", gateway),
                EnvError::RootKeyLength(2),
            ),
            (
                variables(&key(), "backend", gateway),
                EnvError::BackendId("backend".to_owned()),
            ),
            (
                variables(&key(), "aaaaa-aa", "ws://one,http://two"),
                EnvError::GatewayUrl("http://two".to_owned()),
            ),
        ] {
            assert_eq!(Env::from_cookies(&cookies), Err(error));
        }
    }
}
