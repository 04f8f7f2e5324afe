//! The temporary guest: a key in the storage of this tab.
//!
//! A reload is the same person; another tab or window is another one; leaving or closing the tab ends it. The browser
//! may refuse storage: then the guest lasts until the next reload.

use gloo_storage::{SessionStorage, Storage};
use ic_ws_client::{Ed25519Signer, RandomError};

const KEY: &str = "guest-key";

/// The guest's signer, with the key of this tab, or a fresh one.
pub(crate) fn signer() -> Result<Ed25519Signer, RandomError> {
    if let Some(signer) = known() {
        return Ok(signer);
    }
    let signer = Ed25519Signer::generate()?;
    let _ = SessionStorage::set(KEY, signer.to_raw());
    Ok(signer)
}

/// The signer of the guest that this tab has already.
pub(crate) fn known() -> Option<Ed25519Signer> {
    let key: [u8; Ed25519Signer::KEY_BYTES] = SessionStorage::get(KEY).ok()?;
    Some(Ed25519Signer::from_raw(&key))
}

/// This tab has no guest any more; the next one is somebody else.
pub(crate) fn forget() {
    SessionStorage::delete(KEY);
}
