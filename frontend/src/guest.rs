//! The temporary guest: a key and a name in the storage of this tab.
//!
//! A reload is the same person; another tab or window is another one; closing the tab ends it. The browser
//! may refuse storage: then the guest lasts until the next reload.

use gloo_storage::{LocalStorage, SessionStorage, Storage};
use ic_ws_client::{Ed25519Signer, RandomError};

const KEY: &str = "guest-key";
const NAME: &str = "name";

/// The guest's signer, with the key of this tab, or a fresh one.
pub fn signer() -> Result<Ed25519Signer, RandomError> {
    if let Some(key) = stored_key() {
        return Ok(Ed25519Signer::from_raw(&key));
    }
    let signer = Ed25519Signer::generate()?;
    let _ = SessionStorage::set(KEY, signer.to_raw());
    Ok(signer)
}

/// The name under which this tab is in the room; `None` when it is not.
pub fn entered_name() -> Option<String> {
    SessionStorage::get(NAME).ok()
}

/// The name that was used last in this browser, by any tab.
pub fn last_name() -> String {
    LocalStorage::get(NAME).unwrap_or_default()
}

/// Remembers the name for reloads of this tab, and as a proposal for others.
pub fn remember_name(name: &str) {
    let _ = SessionStorage::set(NAME, name);
    let _ = LocalStorage::set(NAME, name);
}

/// This tab is not in the room any more.
pub fn forget_entry() {
    SessionStorage::delete(NAME);
}

fn stored_key() -> Option<[u8; Ed25519Signer::KEY_BYTES]> {
    SessionStorage::get(KEY).ok()
}
