//! What outlives the page: the name that was used last; what was last seen; and what was not sent. The browser may refuse
//! storage: then nothing does.

use base64::{Engine, prelude::BASE64_STANDARD};
use candid::{CandidType, Principal};
use gloo_storage::{LocalStorage, SessionStorage, Storage};
use serde::de::DeserializeOwned;
use web_sys::StorageEvent;

use crate::store::{outbox::Pending, snapshot::Snapshot};

const NAME: &str = "name";
const GUEST_NAME: &str = "guest-name";
const LEFT: &str = "left";
const OUTBOX: &str = "outbox-";
const SNAPSHOT: &str = "snapshot-";
const SOUND: &str = "sound";

/// The name that was used last in this browser, by any tab.
pub fn last_name() -> String {
    LocalStorage::get(NAME).unwrap_or_default()
}

/// Remembers a name as a proposal.
pub fn remember_name(name: &str) {
    let _ = LocalStorage::set(NAME, name);
}

/// What this tab's guest is called, if it has one.
pub fn guest_name() -> Option<String> {
    SessionStorage::get(GUEST_NAME).ok()
}

/// Remembers what the guest is called, for reloads of this tab.
pub fn remember_guest_name(name: &str) {
    let _ = SessionStorage::set(GUEST_NAME, name);
}

/// This tab has no guest any more.
pub fn forget_guest_name() {
    SessionStorage::delete(GUEST_NAME);
}

/// Whether this browser is to make sounds.
pub fn sound() -> bool {
    LocalStorage::get(SOUND).unwrap_or_default()
}

/// Remembers whether this browser is to make sounds.
pub fn remember_sound(on: bool) {
    let _ = LocalStorage::set(SOUND, on);
}

/// Tells the other tabs that this person has left.
pub fn tell_left(person: Principal) {
    let _ = LocalStorage::raw().set_item(LEFT, &person.to_text());
    LocalStorage::delete(LEFT);
}

/// Who has left in another tab, as the browser tells it here.
pub fn left_elsewhere(event: &StorageEvent) -> Option<Principal> {
    let is_it = event.key().as_deref() == Some(LEFT);
    let person = event.new_value().filter(|_| is_it)?;
    Principal::from_text(person).ok()
}

/// Where something of one person is kept: for a guest in the tab, else for all tabs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Drawer {
    pub owner: Principal,
    pub is_guest: bool,
}

impl Drawer {
    /// Keeps what a device has not settled, and nothing else of that device. Gives back whether the browser did.
    pub fn keep(self, device: u64, pending: &[&Pending]) -> bool {
        if pending.is_empty() {
            self.forget(device);
            return true;
        }
        self.write(&self.outbox(device), &pending)
    }

    /// The devices that have left something: pages that were closed, and other tabs.
    pub fn devices(self) -> Vec<u64> {
        let storage = match self.is_guest {
            true => SessionStorage::raw(),
            false => LocalStorage::raw(),
        };
        let count = storage.length().unwrap_or_default();
        let keys = (0..count).filter_map(|index| storage.key(index).ok().flatten());
        let prefix = self.outboxes();
        keys.filter_map(|key| key.strip_prefix(&prefix)?.parse().ok())
            .collect()
    }

    /// What a device has left.
    pub fn left_by(self, device: u64) -> Vec<Pending> {
        self.read(&self.outbox(device)).unwrap_or_default()
    }

    /// Forgets what a device has left.
    pub fn forget(self, device: u64) {
        self.delete(&self.outbox(device));
    }

    /// Keeps what was last seen.
    pub fn keep_snapshot(self, snapshot: &Snapshot) {
        self.write(&self.snapshot(), snapshot);
    }

    /// What was last seen.
    pub fn last_seen(self) -> Option<Snapshot> {
        self.read(&self.snapshot())
    }

    /// Forgets what was last seen; and what was not sent, if its owner will not come back for it.
    pub fn clear(self) {
        self.delete(&self.snapshot());
        if self.is_guest {
            for device in self.devices() {
                self.forget(device);
            }
        }
    }

    /// What the page of a device holds locked as long as it lives.
    pub fn lock(self, device: u64) -> String {
        self.outbox(device)
    }

    fn read<T: CandidType + DeserializeOwned>(self, key: &str) -> Option<T> {
        let text: String = match self.is_guest {
            true => SessionStorage::get(key),
            false => LocalStorage::get(key),
        }
        .ok()?;
        candid::decode_one(&BASE64_STANDARD.decode(text).ok()?).ok()
    }

    /// A browser that is full keeps what it has.
    fn write<T: CandidType>(self, key: &str, value: &T) -> bool {
        let Ok(bytes) = candid::encode_one(value) else {
            return false;
        };
        let text = BASE64_STANDARD.encode(bytes);
        match self.is_guest {
            true => SessionStorage::set(key, text),
            false => LocalStorage::set(key, text),
        }
        .is_ok()
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
