//! The temporary guest: a key in the storage of this tab.
//!
//! A reload is the same person; another tab or window is another one; closing the tab ends it. The browser
//! may refuse storage: then the guest lasts until the next reload.

use gloo_storage::{SessionStorage, Storage};
use ic_ws_client::{Ed25519Signer, RandomError};

const KEY: &str = "guest-key";

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
