//! The temporary guest: a key in the storage of this tab.
//!
//! A reload is the same person; another tab or window is another one; leaving or closing the tab ends it. The browser
//! may refuse storage: then the guest lasts until the next reload.

use ic_ws_client::{Ed25519Signer, RandomError};

use crate::Storage;

const KEY: &str = "guest-key";

/// The guest's signer, with the key of this tab, or a fresh one.
pub(crate) fn signer() -> Result<Ed25519Signer, RandomError> {
    if let Some(signer) = known() {
        return Ok(signer);
    }
    let signer = Ed25519Signer::generate()?;
    Storage::of_this_tab().set(KEY, &hex::encode(signer.to_raw()));
    Ok(signer)
}

/// The signer of the guest that this tab has already.
pub(crate) fn known() -> Option<Ed25519Signer> {
    let mut key = [0; Ed25519Signer::KEY_BYTES];
    hex::decode_to_slice(Storage::of_this_tab().get(KEY)?, &mut key).ok()?;
    Some(Ed25519Signer::from_raw(&key))
}

/// This tab has no guest any more; the next one is somebody else.
pub(crate) fn forget() {
    Storage::of_this_tab().delete(KEY);
}
