//! What outlives the page: the guest's name, in this tab; what was last seen; and what was not sent. The browser may refuse storage: then nothing
//! does.

use base64::{Engine, prelude::BASE64_STANDARD};
use candid::{CandidType, Principal};
use gloo_storage::{LocalStorage, SessionStorage, Storage};
use serde::de::DeserializeOwned;

use crate::store::{outbox::Pending, snapshot::Snapshot};

const GUEST_NAME: &str = "guest-name";
const NAME: &str = "name";
const OUTBOX: &str = "outbox-";
const SNAPSHOT: &str = "snapshot-";
const SOUND: &str = "sound";

/// As whom this tab is in the chat, if as a guest.
pub fn guest_name() -> Option<String> {
    SessionStorage::get(GUEST_NAME).ok()
}

/// Remembers the guest for reloads of this tab.
pub fn remember_guest(name: &str) {
    let _ = SessionStorage::set(GUEST_NAME, name);
}

/// The name that was used last in this browser, by any tab.
pub fn last_name() -> String {
    LocalStorage::get(NAME).unwrap_or_default()
}

/// Remembers a name as a proposal.
pub fn remember_name(name: &str) {
    let _ = LocalStorage::set(NAME, name);
}

/// Whether this browser is to make sounds.
pub fn sound() -> bool {
    LocalStorage::get(SOUND).unwrap_or_default()
}

/// Remembers whether this browser is to make sounds.
pub fn remember_sound(on: bool) {
    let _ = LocalStorage::set(SOUND, on);
}

/// This tab is nobody's any more.
pub fn forget() {
    SessionStorage::delete(GUEST_NAME);
}

/// Where something of one person is kept: with the guest's key in the tab, else for all tabs.
#[derive(Clone, Copy)]
pub struct Drawer {
    pub owner: Principal,
    pub is_guest: bool,
}

impl Drawer {
    /// Keeps what is not settled; forgets all earlier, if there is nothing.
    pub fn keep(self, device: u64, pending: &[&Pending]) {
        let key = self.outbox(device);
        match pending.is_empty() {
            true => self.delete(&key),
            false => self.write(&key, &pending),
        }
    }

    /// What earlier pages have left.
    pub fn left(self) -> Vec<(u64, Vec<Pending>)> {
        let storage = match self.is_guest {
            true => SessionStorage::raw(),
            false => LocalStorage::raw(),
        };
        let count = storage.length().unwrap_or_default();
        let keys = (0..count).filter_map(|index| storage.key(index).ok().flatten());
        let prefix = self.outboxes();
        keys.filter_map(|key| {
            let device = key.strip_prefix(&prefix)?.parse().ok()?;
            Some((device, self.read(&key).unwrap_or_default()))
        })
        .collect()
    }

    /// Keeps what was last seen.
    pub fn keep_snapshot(self, snapshot: &Snapshot) {
        self.write(&self.snapshot(), snapshot);
    }

    /// What was last seen.
    pub fn last_seen(self) -> Option<Snapshot> {
        self.read(&self.snapshot())
    }

    /// Forgets what was last seen.
    pub fn forget_snapshot(self) {
        self.delete(&self.snapshot());
    }

    fn read<T: CandidType + DeserializeOwned>(self, key: &str) -> Option<T> {
        let text: String = match self.is_guest {
            true => SessionStorage::get(key),
            false => LocalStorage::get(key),
        }
        .ok()?;
        candid::decode_one(&BASE64_STANDARD.decode(text).ok()?).ok()
    }

    fn write<T: CandidType>(self, key: &str, value: &T) {
        if let Ok(bytes) = candid::encode_one(value) {
            let text = BASE64_STANDARD.encode(bytes);
            // A browser that is full keeps what it has.
            let _ = match self.is_guest {
                true => SessionStorage::set(key, text),
                false => LocalStorage::set(key, text),
            };
        }
    }

    fn delete(self, key: &str) {
        match self.is_guest {
            true => SessionStorage::delete(key),
            false => LocalStorage::delete(key),
        }
    }

    fn snapshot(self) -> String {
        format!("{SNAPSHOT}{}", self.owner)
    }

    fn outboxes(self) -> String {
        format!("{OUTBOX}{}-", self.owner)
    }

    fn outbox(self, device: u64) -> String {
        format!("{}{device}", self.outboxes())
    }
}
