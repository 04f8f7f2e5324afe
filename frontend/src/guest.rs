//! The temporary guest: a key and a name in the storage of this tab.
//!
//! A reload is the same person; another tab or window is another one; leaving or closing the tab ends it. The browser
//! may refuse storage: then the guest lasts until the next reload.

use gloo_storage::{SessionStorage, Storage};
use ic_ws_client::{Ed25519Signer, RandomError};

const KEY: &str = "guest-key";
const NAME: &str = "guest-name";

/// The guest's signer, with the key of this tab, or a fresh one.
pub fn signer() -> Result<Ed25519Signer, RandomError> {
    if let Some(key) = stored_key() {
        return Ok(Ed25519Signer::from_raw(&key));
    }
    let signer = Ed25519Signer::generate()?;
    let _ = SessionStorage::set(KEY, signer.to_raw());
    Ok(signer)
}

fn stored_key() -> Option<[u8; Ed25519Signer::KEY_BYTES]> {
    SessionStorage::get(KEY).ok()
}

/// What this tab's guest is called, if it has one.
pub fn name() -> Option<String> {
    SessionStorage::get(NAME).ok()
}

/// Remembers what the guest is called, for reloads of this tab.
pub fn remember_name(name: &str) {
    let _ = SessionStorage::set(NAME, name);
}

/// This tab has no guest any more; the next one is somebody else.
pub fn forget() {
    SessionStorage::delete(KEY);
    SessionStorage::delete(NAME);
}
