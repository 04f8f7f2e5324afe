//! What the page is told about its network: the `ic_env` cookie, as the official asset canister sets it.
//!
//! Its value is URL-encoded and holds `ic_root_key=<hex>`, and each of the canister's environment variables whose name
//! begins with `PUBLIC_` as `&<name>=<value>`.

use std::collections::BTreeMap;

use ic_cdk::api::{certified_data_set, root_key};
use ic_certified_assets::types::SetAssetPropertiesArguments;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const SET_COOKIE: &str = "Set-Cookie";
const PUBLIC: &str = "PUBLIC_";

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Serves every HTML asset with the cookie as it is now, and certifies that.
///
/// It replaces any other `Set-Cookie` header, because an asset can have only one.
pub fn refresh_cookies() {
    let cookie = cookie();
    for asset in ic_certified_assets::list() {
        if asset.content_type.starts_with("text/html") {
            set_cookie(asset.key, &cookie);
        }
    }
    certified_data_set(ic_certified_assets::with_state(|state| state.root_hash()));
}

fn set_cookie(key: String, cookie: &str) {
    let properties = ic_certified_assets::get_asset_properties(key.clone());
    let mut headers = properties.headers.unwrap_or_default();
    if headers.get(SET_COOKIE).is_some_and(|value| value == cookie) {
        return;
    }
    headers.retain(|name, _| !name.eq_ignore_ascii_case(SET_COOKIE));
    headers.insert(SET_COOKIE.to_owned(), cookie.to_owned());
    ic_certified_assets::set_asset_properties(SetAssetPropertiesArguments {
        key,
        headers: Some(Some(headers)),
        max_age: None,
        allow_raw_access: None,
        is_aliased: None,
    });
}

fn cookie() -> String {
    let mut value = format!("ic_root_key={}", hex::encode(root_key()));
    for (name, variable) in public_variables() {
        value.push_str(&format!("&{name}={variable}"));
    }
    let encoded = utf8_percent_encode(&value, RESERVED);
    format!("ic_env={encoded}; SameSite=Lax")
}

fn public_variables() -> BTreeMap<String, String> {
    (0..ic0::env_var_count())
        .map(|index| {
            text(ic0::env_var_name_size(index), |buffer| {
                ic0::env_var_name_copy(index, buffer, 0);
            })
        })
        .filter(|name| name.starts_with(PUBLIC))
        .map(|name| {
            let value = text(ic0::env_var_value_size(&name), |buffer| {
                ic0::env_var_value_copy(&name, buffer, 0);
            });
            (name, value)
        })
        .collect()
}

/// The system guarantees UTF-8.
fn text(size: usize, copy: impl FnOnce(&mut [u8])) -> String {
    let mut buffer = vec![0; size];
    copy(&mut buffer);
    String::from_utf8_lossy(&buffer).into_owned()
}
